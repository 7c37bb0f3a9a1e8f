print("said while importing")
