print("just before")
raise ValueError("this module is broken")
