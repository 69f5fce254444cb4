#!/usr/bin/env python3
"""Prints the log in an SQLite file of IBCF Twin (a run's events.db or a master's store), oldest entry first.

  docs/read_log.py FILE            the layout is in docs/store-format.md
"""
import hashlib, sqlite3, struct, sys, zlib

db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
words = dict(db.execute("SELECT code, word FROM event_types"))
first, base, size, end = db.execute("SELECT first, base, size, head FROM extent").fetchone()
count, head = 0, base
for entry, ingested_ns, check_sum, packed in db.execute(
        "SELECT entry, ingested_ns, check_sum, packed FROM events ORDER BY entry"):
    origin, incarnation, stream, seq, type, subject, occurred_ns = struct.unpack_from("<16sIBQB16sq", packed)
    if zlib.crc32(packed + struct.pack("<q", ingested_ns)) != check_sum or entry != first + count:
        sys.exit(f"entry {first + count} is damaged or gone")
    head = hashlib.blake2b(head + packed, digest_size=32).digest()
    print(entry, f"{ingested_ns / 1e9:.3f}", words[type], origin.hex(), incarnation, stream, seq, f"{occurred_ns / 1e9:.3f}")
    count += 1
if (first + count, head) != (size, end):
    sys.exit(f"the log says it ends at {size} with {end.hex()}, but here it ends at {first + count} with {head.hex()}")
print(f"{count} events, chained to {head.hex()}", file=sys.stderr)
