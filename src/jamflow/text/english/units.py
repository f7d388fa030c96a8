"""Units and currencies, and how they are read: (one, many)."""

_PLAIN = {
    "km": "kilometer", "m": "meter", "dm": "decimeter", "cm": "centimeter", "mm": "millimeter", "µm": "micrometer",
    "μm": "micrometer",
    "nm": "nanometer", "mi": "mile", "yd": "yard", "kg": "kilogram", "g": "gram", "mg": "milligram", "mcg": "microgram",
    "µg": "microgram", "μg": "microgram", "oz": "ounce", "lb": "pound", "lbs": "pound", "gal": "gallon", "qt": "quart",
    "pt": "pint",
    "tsp": "teaspoon", "tbsp": "tablespoon", "l": "liter", "L": "liter", "dl": "deciliter", "cl": "centiliter",
    "ml": "milliliter",
    "mL": "milliliter", "ha": "hectare", "kB": "kilobyte", "KB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte",
    "KiB": "kibibyte", "MiB": "mebibyte", "GiB": "gibibyte", "W": "watt", "kW": "kilowatt", "MW": "megawatt", "GW": "gigawatt",
    "Wh": "watt hour", "kWh": "kilowatt hour", "MWh": "megawatt hour", "V": "volt", "kV": "kilovolt", "mA": "milliamp",
    "mAh": "milliamp hour", "Ω": "ohm", "kΩ": "kilohm", "dB": "decibel", "kcal": "kilocalorie", "cal": "calorie",
    "kJ": "kilojoule", "Pa": "pascal", "hPa": "hectopascal", "kPa": "kilopascal", "px": "pixel", "hr": "hour", "hrs": "hour",
    "h": "hour", "min": "minute", "mins": "minute", "sec": "second", "secs": "second", "s": "second", "ms": "millisecond",
    "µs": "microsecond", "ns": "nanosecond", "yr": "year", "yrs": "year", "mo": "month", "mos": "month", "wk": "week",
    "wks": "week",
    "cc": "cubic centimeter", "mph": ("mile per hour", "miles per hour"), "kph": ("kilometer per hour", "kilometers per hour"),
    "kmh": ("kilometer per hour", "kilometers per hour"), "km/h": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"), "ft": ("foot", "feet"), "in": ("inch", "inches"), "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"), "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"),
    "fps": ("frame per second", "frames per second"), "kbps": ("kilobit per second", "kilobits per second"),
    "Mbps": ("megabit per second", "megabits per second"), "Gbps": ("gigabit per second", "gigabits per second"),
    "Mbit/s": ("megabit per second", "megabits per second"), "MB/s": ("megabyte per second", "megabytes per second"),
    "rpm": ("revolution per minute", "revolutions per minute"), "bpm": ("beat per minute", "beats per minute"),
    "dpi": ("dot per inch", "dots per inch"), "psi": ("pound per square inch", "pounds per square inch"),
    "mpg": ("mile per gallon", "miles per gallon"), "pct": ("percent", "percent"), "sq ft": ("square foot", "square feet"),
    "sq m": ("square meter", "square meters"), "sq mi": ("square mile", "square miles"),
    "sq km": ("square kilometer", "square kilometers"),
    "fl oz": ("fluid ounce", "fluid ounces"), "x": ("time", "times"),
}  # fmt: skip
UNITS: dict[str, tuple[str, str]] = {s: name if isinstance(name, tuple) else (name, f"{name}s") for s, name in _PLAIN.items()}
UNITS |= {
    unit + power: (f"{word} {UNITS[unit][0]}", f"{word} {UNITS[unit][1]}")
    for unit in ("km", "m", "dm", "cm", "mm", "mi", "yd", "ft", "in")
    for power, word in (("²", "square"), ("³", "cubic"), ("^2", "square"), ("^3", "cubic"))
}
PER = {
    "h": "hour", "hr": "hour", "hour": "hour", "s": "second", "sec": "second", "second": "second", "min": "minute",
    "minute": "minute",
    "d": "day", "day": "day", "night": "night", "wk": "week", "week": "week", "mo": "month", "month": "month", "yr": "year",
    "year": "year", "person": "person", "kg": "kilogram", "g": "gram", "lb": "pound", "oz": "ounce", "l": "liter", "L": "liter",
    "gal": "gallon", "ml": "milliliter", "dl": "deciliter", "m": "meter", "m²": "square meter", "m³": "cubic meter",
    "km": "kilometer",
    "km²": "square kilometer", "s²": "second squared", "kWh": "kilowatt hour", "ft": "foot", "sq ft": "square foot", "in": "inch",
}  # fmt: skip
SCALES = {
    "hundred": "hundred", "thousand": "thousand", "million": "million", "billion": "billion", "trillion": "trillion",
    "k": "thousand",
    "K": "thousand", "m": "million", "M": "million", "mn": "million", "mln": "million", "b": "billion", "B": "billion",
    "bn": "billion", "tn": "trillion",
}  # fmt: skip
_DOLLAR = ("dollar", "dollars", "cent", "cents")
SIGNS = {
    "$": _DOLLAR, "US$": tuple(f"U.S {name}" if name[0] == "d" else name for name in _DOLLAR),
    "£": ("pound", "pounds", "penny", "pence"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"), "¥": ("yen", "yen", "", ""), "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "", ""), "₽": ("ruble", "rubles", "kopek", "kopeks"), "₺": ("lira", "lira", "", ""),
    "₪": ("shekel", "shekels", "", ""), "₿": ("bitcoin", "bitcoins", "", ""), "Rs.": ("rupee", "rupees", "paisa", "paise"),
    "Rs": ("rupee", "rupees", "paisa", "paise"),
}  # fmt: skip
CURRENCIES = {
    "USD": SIGNS["US$"], "EUR": SIGNS["€"], "GBP": SIGNS["£"], "JPY": SIGNS["¥"], "INR": SIGNS["₹"],
    "CHF": ("Swiss franc", "Swiss francs", "", ""),
    "CAD": SIGNS["C$"], "AUD": SIGNS["A$"], "CNY": ("yuan", "yuan", "", ""), "BTC": SIGNS["₿"],
}  # fmt: skip
