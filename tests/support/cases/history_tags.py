"""Tags of a history that say nothing; the API and the trainer must agree on them.

The keys are without their prefix.
"""

AT = "2026-01-01T12:00:00.000Z"

MALFORMED_RECORDS = {
    "desired.x.1": f"{AT} hand",
    "desired.0001": f"{AT} hand",
    "desired.0001.2.3": f"{AT} hand",
    "desired": f"{AT} hand",
    "": f"{AT} hand",
    "desired.2.1": f"{AT} hand",
    "desired.٠٠٠٢.1": f"{AT} hand",
    f"desired.{'9' * 5000}.1": f"{AT} hand",
    "desired.0002.x": f"{AT} hand",
    "desired.0002.01": f"{AT} hand",
    "desired.0002.²": f"{AT} hand",
    "desired.0002.\n": f"{AT} hand",
    "desired.0003.1": AT,
    "desired.0004.1": f"{AT} a-person",
    "desired.0005.1": f"{AT} hand\n",
    "desired.0006.1": f"{AT} \x1b[2Jhand",
    "desired.0007.1": f"{AT}  hand",
    "desired.0008.1": f"{AT} hand train",
    "desired.0009.1": "noon hand",
    "desired.0010.1": "2026-01-01T12:00:00 hand",
    "desired.0011.1": "9999-12-31T23:59:59.000Z hand",
    "desired.0012.1": "",
    "desired.0013.1": f"{AT} moving",
    "desired.0014.1": f"{AT} hand ",
    "desired.0015.1": f"{AT} hand 1.5000",
    "desired.0016.1": f"{AT} hand 0.99",
    "desired.0017.1": f"{AT} hand 0.9900\n",
    "desired.0018.1": f"{AT} hand 0.9900 0.9900",
    "desired.0019.1": f"{AT} hand nan",
    "desired.0020.1": f"{AT} hand 0.٩٩٠٠",
    "active.0002.5": "when?",
    "active.0003.5": f"{AT} hand",
    "active.0004.5": f"{AT}\n",
    "active.0007.5": f"{AT} 0.9900",
    "active.0005.five": AT,
    "active.0006.5.5": AT,
}

ACCURACIES = [(0.99314, "0.9931"), (1.0, "1.0000"), (0.0, "0.0000")]  # and in a record
NO_ACCURACIES = [None, 1.5, -0.0, -0.5, float("nan"), float("inf")]  # which none has

MALFORMED_SEEN = [
    "yesterday today",
    AT,
    f"{AT} ",
    f"{AT} then",
    f"{AT} {AT} {AT}",
    f"2026-01-01T12:00:00 {AT}",
    "0001-01-01T00:00:00+23:59 0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59 9999-12-31T23:59:59-23:59",
]

# which another move wrote, if it is the record desired.0002.2 that is missing at AT
OTHER_MOVES = [
    "",
    "now",
    f"{AT} 2 rollback",  # as it was written formerly
    f"{AT} desired.0002.2",
    f"{AT} desired.0002.2 hand",
    f"{AT} desired.0002.2 \x1b[2J",
    f"{AT} desired.0002.2 rollback train",
    f"{AT} desired.0002.2 rollback\n",
    f"{AT} desired.0003.2 rollback",
    f"{AT} desired.0002.3 rollback",
    "noon desired.0002.2 rollback",
]
