"""Pictures and videos in and out; streamed, with exact times."""
