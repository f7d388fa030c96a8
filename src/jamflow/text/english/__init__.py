"""How people read English aloud: the words for numbers, abbreviations, dates, money and addresses, and where sentences end."""
