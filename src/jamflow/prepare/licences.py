"""Which licences allow a model to be shipped."""

import re

# Names begin with one of these, after spaces and underscores became dashes.
_FREE = ("cc0", "cc-by", "cc-zero", "public-domain", "pd", "odc-by", "mit", "apache", "bsd", "isc", "unlicense")
_RESTRICTED = {"nc", "nd", "noncommercial", "noderivatives", "noderivs"}


def may_ship(licence: str) -> bool:
    """Whether a model trained on it may be shipped: False for non-commercial, no derivatives, and what is not known."""
    name = re.sub(r"[\s_/]+", "-", licence.strip().lower()).replace("non-", "non").replace("no-deriv", "noderiv")
    words = re.split(r"[^a-z0-9]+", name)
    return not _RESTRICTED & set(words) and any(name == free or re.match(free + r"[^a-z]", name) for free in _FREE)
