"""How values become bytes and come back; loaders of pickles live here, so listings and web pages stay out."""
