"""Starts, drives, resumes and cancels one run."""
