"""Reads and writes pictures, sound and video; streamed, with exact times."""
