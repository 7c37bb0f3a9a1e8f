"""How a new version takes over: shadowed, then with growing shares of the traffic, judged while requests come in."""
