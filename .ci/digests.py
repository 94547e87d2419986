#!/usr/bin/env python3
"""Make CloudTrail log files and digest files as CloudTrail delivers them, with faults on request.

    digests.py --out DIR --start 2026-10-01T00:00:00Z --hours 48 --seed 7 --fault tampered-log=5

DIR is laid out by S3 key. Beside the objects: metadata.json {digest key: its x-amz-meta-* values},
public-keys.json (as `aws cloudtrail list-public-keys` prints; all regions made), public-keys-REGION.json
(one region's), faults.json (what was done: [{"fault", "hour", "keys"}]). --account and --region take
comma lists: one digest chain per account and region; the faults go to the first chain. Hour N is the
Nth digest of a chain, for [start + offset + N h, + 1 h); the offset, under an hour, is the chain's own.

Faults, KIND=HOUR, repeatable. Done to the stored objects when all is signed:
  tampered-log, trailing-data, missing-log   the hour's first log file altered / bytes after its gzip / deleted
  unlisted-log                               a log file added that no digest names
  tampered-digest                            oldestEventTime altered, signature left
  missing-digest, bad-signature              digest deleted / one hex digit of the metadata signature altered
  moved-digest                               stored under a key 7 minutes earlier than the one it names
Done while the chain is made:
  wrong-key          signed with an unpublished key, the published fingerprint written; the next digest
                     carries that signature on, so only RSA verification can tell
  bad-previous-hash  previousDigestHashValue false, signature right
  chain-restart      logging off for that hour: no digest, no logs; nulls in the next digest
  backfill           a late log file of that hour, named by a _backfill digest (made 26 h later) only

--move HOUR:KEY=VALUE,… changes where and how the trail delivers from that hour on, repeatable. KEY is bucket, prefix,
organization, trail, home-region or region; chain=new begins a new chain there (nulls), as a trail does that was deleted
and created again; gap=MINUTES lets the new chain begin that much later; logs=old leaves the hour's first log file in
the place before. With --by-bucket DIR has a folder a bucket, and metadata.json the bucket before each key. --salt
makes other log files with the same signing keys, for a trail beside another one.

The same arguments give the same bytes. Without --key the RSA keys are computed from --seed: for tests
only. A key is valid for 30 days; --key-age 29 makes it change 24 h after --start.
"""
import argparse, base64, gzip, hashlib, json, os, random, re, string, sys, uuid
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KINDS = ("tampered-log trailing-data missing-log unlisted-log tampered-digest missing-digest bad-signature "
         "moved-digest wrong-key bad-previous-hash chain-restart backfill").split()
HOUR = timedelta(hours=1)
KEY_LIFE = timedelta(days=30)
SMALL_PRIMES = [p for p in range(3, 2000) if all(p % q for q in range(2, int(p ** 0.5) + 1))]
CALLS = [  # source, name, readOnly, is a data event
    ("s3.amazonaws.com", "GetObject", True, True), ("s3.amazonaws.com", "PutObject", False, True),
    ("s3.amazonaws.com", "DeleteObject", False, True), ("sts.amazonaws.com", "AssumeRole", True, False),
    ("s3.amazonaws.com", "PutBucketPolicy", False, False), ("kms.amazonaws.com", "Decrypt", True, False)]


def iso(t):
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def pack(value):
    """The stored form of a document: (uncompressed bytes, gzip bytes)."""
    raw = json.dumps(value, separators=(",", ":")).encode()
    return raw, gzip.compress(raw, mtime=0)


def is_prime(n, rnd):
    """Miller-Rabin, 16 rounds."""
    if any(n % p == 0 for p in SMALL_PRIMES):
        return False
    s = ((n - 1) & (1 - n)).bit_length() - 1           # n - 1 = d * 2**s, d odd
    for _ in range(16):
        x = pow(rnd.randrange(2, n - 1), (n - 1) >> s, n)
        if x != 1 and not any(pow(x, 2 ** r, n) == n - 1 for r in range(s)):
            return False
    return True


def seeded_rsa_key(label):
    """A 2048 bit RSA key that depends on the label only. Predictable: never for real use."""
    rnd, primes = random.Random(label), []
    while len(primes) < 2:
        n = rnd.getrandbits(1024) | (3 << 1022) | 1
        if n % 65537 != 1 and is_prime(n, rnd):
            primes.append(n)
    p, q = primes
    d = pow(65537, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q),
                                 rsa.RSAPublicNumbers(65537, p * q)).private_key()


class Keys:
    """The signing keys of one region: a new one every 30 days."""

    def __init__(self, args, region):
        self.args, self.region, self.made = args, region, {}
        self.base = args.start - timedelta(days=args.key_age)

    def at(self, when):
        """(private key, fingerprint) in use at a time."""
        n = (when - self.base) // KEY_LIFE
        if n not in self.made:
            if self.args.key and n == 0:
                with open(self.args.key, "rb") as f:
                    key = serialization.load_pem_private_key(f.read(), None)
            else:
                key = seeded_rsa_key(f"{self.args.seed}/{self.region}/{n}")
            der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
            self.made[n] = (key, hashlib.md5(der).hexdigest(), der)
        return self.made[n][:2]

    def listed(self):
        for n, (_, fingerprint, der) in sorted(self.made.items()):
            begin, end = self.base + n * KEY_LIFE, self.base + (n + 1) * KEY_LIFE
            stamp = (lambda t: t.isoformat()) if self.args.iso_times else (lambda t: t.timestamp())
            yield {"Value": base64.b64encode(der).decode(), "ValidityStartTime": stamp(begin),
                   "ValidityEndTime": stamp(end), "Fingerprint": fingerprint}


class Chain:
    """The objects CloudTrail delivers for one trail, account and region."""

    def __init__(self, args, account, region, keyring, faults):
        self.args, self.account, self.region, self.keyring, self.faults = argparse.Namespace(**vars(args)), account, region, keyring, faults
        self.keys, self.first_region, self.buckets = keyring(region), region, {}
        rnd = random.Random(f"{args.seed}/{account}/{region}/offset")
        self.offset = timedelta(seconds=rnd.randrange(60, 3540) if args.offset is None else args.offset)
        self.objects = {}       # key -> (bytes, delivery time)
        self.metadata = {}      # digest key -> metadata
        self.log_entries = {}   # hour -> logFiles entries of its digest
        self.digest_keys = {}   # hour -> key
        self.done = []          # faults made

    def key(self, kind, day, rest):
        middle = [p for p in (self.args.prefix, "AWSLogs", self.args.organization, self.account) if p]
        return "/".join(middle + [kind, self.region, f"{day:%Y/%m/%d}", f"{self.account}_{kind}_{self.region}_{rest}"])

    def digest_key(self, end, suffix=""):
        return self.key("CloudTrail-Digest", end,
                        f"{self.args.trail}_{self.args.home_region}_{end:%Y%m%dT%H%M%SZ}{suffix}.json.gz")

    def event(self, rnd, when, source, name, read_only, data):
        role = {"type": "AssumedRole", "principalId": "AROAEXAMPLE7SEED:backup", "accountId": self.account,
                "arn": f"arn:aws:sts::{self.account}:assumed-role/backup/backup"}
        record = {
            "eventVersion": "1.11", "userIdentity": role, "eventTime": iso(when), "eventSource": source, "eventName": name,
            "awsRegion": self.region, "sourceIPAddress": f"198.51.100.{rnd.randrange(1, 255)}",
            "userAgent": "aws-sdk-go-v2/1.36.0", "requestParameters": None, "responseElements": None,
            "requestID": "%016X" % rnd.getrandbits(64), "eventID": str(uuid.UUID(int=rnd.getrandbits(128), version=4)),
            "readOnly": read_only, "eventType": "AwsApiCall", "managementEvent": not data,
            "recipientAccountId": self.account, "eventCategory": "Data" if data else "Management"}
        if data:
            thing = f"backups/2026/{rnd.randrange(1000):03d}.bin"
            record["requestParameters"] = {"bucketName": "acme-data", "key": thing}
            record["resources"] = [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::acme-data/{thing}"},
                                   {"accountId": self.account, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::acme-data"}]
        return record

    def add_log(self, rnd, delivered, extra=None):
        """Store one log file; returns its entry for a digest."""
        times = sorted(delivered - timedelta(seconds=rnd.randrange(120, 900)) for _ in range(rnd.randrange(2, 7)))
        picks = [rnd.choice(CALLS[:3]), rnd.choice(CALLS[3:])] + [rnd.choice(CALLS) for _ in times[2:]]
        if extra:
            picks[-1] = ("cloudtrail.amazonaws.com", extra, False, False)
        raw, packed = pack({"Records": [self.event(rnd, t, *p) for t, p in zip(times, picks)]})
        unique = "".join(rnd.choices(string.ascii_letters + string.digits, k=16))
        name_time = delivered - timedelta(minutes=delivered.minute % 5)   # names go in steps of 5 minutes
        key = self.key("CloudTrail", name_time, f"{name_time:%Y%m%dT%H%MZ}_{unique}.json.gz")
        self.objects[key], self.buckets[key] = (packed, delivered), self.args.bucket
        return {"s3Bucket": self.args.bucket, "s3Object": key, "hashValue": hashlib.sha256(raw).hexdigest(),
                "hashAlgorithm": "SHA-256", "newestEventTime": iso(times[-1]), "oldestEventTime": iso(times[0])}

    def add_digest(self, hour, begin, end, logs, previous, generated=None):
        """Sign and store one digest; returns (bucket, key, hash, signature) for the next one."""
        key = self.digest_key(end, "_backfill" if generated else "")
        signer, fingerprint = self.keys.at(generated or end)
        if not generated and "wrong-key" in self.faults.get(hour, ()):
            signer = seeded_rsa_key(f"{self.args.seed}/wrong")
            self.note("wrong-key", hour, key)
        p_bucket, p_key, p_hash, p_signature = previous or (None, None, None, None)
        if p_hash and not generated and "bad-previous-hash" in self.faults.get(hour, ()):
            p_hash = hashlib.sha256(p_hash.encode()).hexdigest()
            self.note("bad-previous-hash", hour, key)
        bucket = self.args.bucket
        raw, packed = pack({
            "awsAccountId": self.account, "digestStartTime": iso(begin), "digestEndTime": iso(end),
            "digestS3Bucket": bucket, "digestS3Object": key, "digestPublicKeyFingerprint": fingerprint,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": max((e["newestEventTime"] for e in logs), default=None),
            "oldestEventTime": min((e["oldestEventTime"] for e in logs), default=None),
            "previousDigestS3Bucket": p_bucket, "previousDigestS3Object": p_key,
            "previousDigestHashValue": p_hash, "previousDigestHashAlgorithm": "SHA-256" if p_key else None,
            "previousDigestSignature": p_signature, "logFiles": logs})
        digest_hash = hashlib.sha256(raw).hexdigest()
        to_sign = "\n".join([iso(end), f"{bucket}/{key}", digest_hash, p_signature or "null"])
        signature = signer.sign(to_sign.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
        self.objects[key], self.buckets[key] = (packed, generated or end + timedelta(minutes=4)), bucket
        self.metadata[key] = {"signature": signature, "signature-algorithm": "SHA256withRSA"}
        if generated:
            self.metadata[key]["backfill-generation-timestamp"] = iso(generated)
        return bucket, key, digest_hash, signature

    def note(self, kind, hour, *keys):
        self.done.append({"fault": kind, "hour": hour, "keys": list(keys)})

    def move(self, changes):
        """Deliver otherwise from here on."""
        for key, value in changes.items():
            if key == "region":
                self.region, self.keys = value, self.keyring(value)
            elif key not in ("chain", "gap", "logs"):
                setattr(self.args, key.replace("-", "_"), value)

    def make(self):
        previous = previous_backfill = None
        for hour in range(self.args.hours):
            rnd = random.Random(f"{self.args.seed}/{self.account}/{self.first_region}/{hour}{self.args.salt}")
            faults = self.faults.get(hour, [])
            begin = self.args.start + self.offset + hour * HOUR
            end = begin + HOUR
            moved = dict(self.args.move).get(hour, {})
            before = (vars(self.args).copy(), self.region)
            self.move(moved)
            begin += timedelta(minutes=int(moved.get("gap", 0)))
            if moved.get("chain") == "new":
                previous = None
            if "chain-restart" in faults:
                previous = None
                self.note("chain-restart", hour)
                continue
            stopped, started = (("chain-restart" in self.faults.get(hour + n, ())) for n in (1, -1))
            wanted = rnd.choice((0, 1, 1, 2, 3))
            if moved.get("logs") == "old":
                wanted = max(wanted, 2)
            if stopped or started or {"tampered-log", "trailing-data", "missing-log", "tampered-digest"} & set(faults):
                wanted = wanted or 1
            moments = sorted(rnd.sample(range(60, 3540), wanted))
            logs = []
            for s in moments:
                now = (vars(self.args).copy(), self.region)
                if moved.get("logs") == "old" and s == moments[0]:
                    self.args, self.region = argparse.Namespace(**before[0]), before[1]
                logs.append(self.add_log(rnd, end - HOUR + timedelta(seconds=s), "StopLogging" if stopped and s == moments[-1] else
                                         "StartLogging" if started and s == moments[0] else None))
                self.args, self.region = argparse.Namespace(**now[0]), now[1]
            self.log_entries[hour] = logs
            previous = self.add_digest(hour, begin, end, logs, previous)
            self.digest_keys[hour] = previous[1]
            if "backfill" in faults:
                late = self.add_log(random.Random(f"{self.args.seed}/late/{hour}"), begin + timedelta(minutes=40))
                previous_backfill = self.add_digest(hour, begin, end, [late], previous_backfill, end + 26 * HOUR)
                self.note("backfill", hour, previous_backfill[1], late["s3Object"])
        for hour in sorted(self.faults):
            for kind in self.faults[hour]:
                self.spoil(kind, hour)

    def spoil(self, kind, hour):
        """The faults that are done afterwards."""
        if kind == "unlisted-log":
            rnd = random.Random(f"{self.args.seed}/unlisted/{hour}")
            at = self.args.start + self.offset + hour * HOUR + timedelta(minutes=30)
            return self.note(kind, hour, self.add_log(rnd, at)["s3Object"])
        if kind in ("wrong-key", "bad-previous-hash", "chain-restart", "backfill"):
            return                                     # done while the chain was made
        of_log = kind in ("tampered-log", "trailing-data", "missing-log")
        key = to = self.log_entries[hour][0]["s3Object"] if of_log else self.digest_keys[hour]
        if key not in self.objects:
            sys.exit(f"{kind}={hour}: another fault took {key} away")
        stored, when = self.objects.pop(key)
        meta = self.metadata.pop(key, None)
        if kind == "tampered-log":
            raw = re.sub(rb'sourceIPAddress":"[0-9.]+', b'sourceIPAddress":"203.0.113.99', gzip.decompress(stored), count=1)
            stored = gzip.compress(raw, mtime=0)
        elif kind == "trailing-data":
            stored += b"more"
        elif kind == "tampered-digest":
            changed = json.loads(gzip.decompress(stored))
            changed["oldestEventTime"] = changed["digestStartTime"]
            stored = pack(changed)[1]
        elif kind == "bad-signature":
            meta["signature"] = "%x" % (int(meta["signature"][0], 16) ^ 1) + meta["signature"][1:]
        elif kind == "moved-digest":
            to = self.digest_key(self.args.start + self.offset + (hour + 1) * HOUR - timedelta(minutes=7))
        if kind not in ("missing-log", "missing-digest"):
            self.objects[to], self.buckets[to] = (stored, when), self.buckets[key]
            if meta:
                self.metadata[to] = meta
        self.note(kind, hour, *dict.fromkeys((key, to)))


def parse_fault(text):
    kind, _, hour = text.partition("=")
    if kind not in KINDS or not hour.isdigit():
        raise argparse.ArgumentTypeError(f"KIND=HOUR wanted, KIND one of {', '.join(KINDS)}")
    return kind, int(hour)


def parse_move(text):
    hour, _, rest = text.partition(":")
    changes = dict(c.split("=", 1) for c in rest.split(",") if "=" in c)
    known = {"bucket", "prefix", "organization", "trail", "home-region", "region", "chain", "gap", "logs"}
    if not hour.isdigit() or not changes or set(changes) - known:
        raise argparse.ArgumentTypeError(f"HOUR:KEY=VALUE,… wanted, KEY one of {', '.join(sorted(known))}")
    return int(hour), changes


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", required=True)
    p.add_argument("--start", default="2026-10-01T00:00:00Z",
                   type=lambda s: datetime.strptime(s, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc))
    p.add_argument("--hours", type=int, default=48)
    for name, value in (("bucket", "acme-trail"), ("prefix", ""), ("account", "111122223333"), ("region", "us-east-1"),
                        ("home-region", "us-east-1"), ("trail", "management"), ("organization", ""), ("seed", "7")):
        p.add_argument("--" + name, default=value)
    p.add_argument("--key", help="PEM of the first signing key (of every region); default: computed from --seed")
    p.add_argument("--key-age", type=float, default=10, help="days the first key is old at --start")
    p.add_argument("--offset", type=int, help="seconds the digests lie behind --start; default: by seed")
    p.add_argument("--iso-times", action="store_true", help="key validity as AWS CLI v2 prints it, not as v1 does")
    p.add_argument("--fault", type=parse_fault, action="append", default=[], metavar="KIND=HOUR")
    p.add_argument("--move", type=parse_move, action="append", default=[], metavar="HOUR:KEY=VALUE,…")
    p.add_argument("--by-bucket", action="store_true", help="lay DIR out by bucket and key")
    p.add_argument("--salt", default="")
    args = p.parse_args()
    faults = {}
    for kind, hour in args.fault:
        faults.setdefault(hour, []).append(kind)
    for hour, kinds in faults.items():
        if hour >= args.hours or "chain-restart" in kinds and len(kinds) > 1:
            p.error(f"hour {hour}: outside --hours, or another fault in an hour without a digest")
    if os.path.isdir(args.out) and os.listdir(args.out):
        p.error(f"{args.out} is not empty")

    objects, metadata, made, done = {}, {}, {}, []

    def keyring(region):
        return made.setdefault(region, Keys(args, region))

    for region in args.region.split(","):
        for account in args.account.split(","):
            chain = Chain(args, account, region, keyring, faults)
            faults = {}                                # the first chain only
            chain.make()
            path = {k: f"{chain.buckets[k]}/{k}" if args.by_bucket else k for k in chain.objects}
            objects.update({path[k]: v for k, v in chain.objects.items()})
            metadata.update({path[k]: v for k, v in chain.metadata.items()})
            done += chain.done
    listed = {region: list(keys.listed()) for region, keys in made.items()}
    if len(done) != len(args.fault):
        sys.exit("not every fault could be made (bad-previous-hash needs a previous digest)")
    for key, (data, when) in objects.items():
        path = os.path.join(args.out, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        os.utime(path, (when.timestamp(), when.timestamp()))
    files = {"metadata": metadata, "faults": done, "public-keys": {"PublicKeyList": sum(listed.values(), [])}}
    files.update({f"public-keys-{r}": {"PublicKeyList": v} for r, v in listed.items()})
    for name, value in files.items():
        with open(os.path.join(args.out, name + ".json"), "w") as f:
            json.dump(value, f, indent=2, sort_keys=name == "metadata")
            f.write("\n")
    print(f"{len(metadata)} digests, {len(objects) - len(metadata)} log files, {len(done)} faults in {args.out}",
          file=sys.stderr)


if __name__ == "__main__":
    main()
