"""Who may come in: accounts, passwords, links, sessions, tokens, and the log of what they changed."""
