"""What the API answers: one file a subject, each with its routes."""
