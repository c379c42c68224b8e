#!/usr/bin/env python3
"""Makes tests/data/trigger-vectors.json: asks KEDA's own code which parameters it takes.

    sh tests/oracle/build.sh /var/tmp/oracle
    cargo build && tests/oracle/vectors.py /var/tmp/oracle/oracle target/debug/keda-jobs tests/data/trigger-vectors.json

and what KEDA 2.21 does otherwise, tests/data/trigger-vectors-2.21.json, which says what it takes of cases that 2.20 refuses, and the other
way around, of parameters that came with it, and of its new types:

    sh tests/oracle/build.sh /var/tmp/oracle-2.21 2.21.0
    tests/oracle/vectors.py /var/tmp/oracle-2.21/oracle target/debug/keda-jobs tests/data/trigger-vectors-2.21.json /var/tmp/oracle/oracle

Each trigger of bases.py is changed in many ways: by our own tables (`keda-jobs triggers`) and by what KEDA's structs declare. With ALL=1
every case is written (about 1.8 MB), otherwise those that say something of their own. The constructors are asked too, in a network
namespace of their own (`unshare`), so that what only a server could say is told apart.
"""

import itertools
import json
import os
import pathlib
import re
import subprocess
import sys

from bases import B, NEW, bases
from skip import skipped
from texts import TRY

ORACLE, KEDA_JOBS, OUT = sys.argv[1:4]
OLDER = sys.argv[4] if len(sys.argv) > 4 else None
KEYS = pathlib.Path(__file__).parents[1] / "data/keys"
CERT = (KEYS / "test-only-certificate.pem").read_text()
KEY = (KEYS / "test-only-key.pem").read_text()


def fields(oracle):
    return json.loads(subprocess.run([oracle, "fields"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout)


FIELDS = fields(ORACLE)
SRC = {"triggerMetadata": "m", "resolvedEnv": "e", "authParams": "a"}
OURS_SRC = {"metadata": "m", "env": "e", "authentication": "a", "variable": "v"}


def ours():
    out = {}
    names = [i["type"] for i in json.loads(subprocess.check_output([KEDA_JOBS, "triggers", "-o", "json"]))["items"]]
    for n in names:
        out[n] = json.loads(subprocess.check_output([KEDA_JOBS, "triggers", n, "-o", "json"]))
    return out


def apply(base, changes):
    q = {"metadata": {}, "env": {}, "auth": {}}
    for c in list(base) + list(changes):
        if c.startswith("-"):
            place, key = (c[1:] + ".").split(".", 1)
            key = key.rstrip(".") if place in "it" else c[3:]
            if place == "m":
                q["metadata"].pop(key, None)
            elif place == "e":
                q["metadata"].pop(key + "FromEnv", None)
            elif place == "a":
                q["auth"].pop(key, None)
            elif place == "i":
                q.pop("podIdentity", None)
            elif place == "t":
                q.pop("metricType", None)
            continue
        place, text = c.split("=", 1)
        p, _, key = place.partition(".")
        if p == "m":
            q["metadata"][key] = text
        elif p == "e":
            q["metadata"][key + "FromEnv"] = "VAR_" + key
            q["env"]["VAR_" + key] = text
        elif p == "a":
            q["auth"][key] = text
        elif p == "i":
            q["podIdentity"] = {key: text}
        elif p == "t":
            q["metricType"] = text
        else:
            raise Exception(c)
    return q


BAD = {
    "int": ["abc", "1.5", "-1", "0", "1e3", " 5 ", "", "05", "+5", "9223372036854775808", "9223372036854775807", "2147483648", "null", "true", "5m", '"5"', "-0", "5,6"],
    "float": ["abc", "1.5", "-1", "0", "1e3", " 5 ", "", "05", "+5", ".5", "5.", "NaN", "1e400", "null", "true", '"5"', "-0.0", "1E+2", "5m", "1,5"],
    "bool": ["true", "True", "TRUE", "t", "1", "0", "false", "F", "yes", "on", "tRUE", "", " true ", "2", "null"],
    "dur": ["30s", "5", "0", "-1s", "-5", "+5", "abc", "1.5", "1m30s", "1m 30s", "", "1.5h", "1d", "5S", "9223372036854775807", "100000000000000", "300000h", "null"],
    "list": ["a,b", " a , b ", ",", "", " ", "a,,b", "a;b", "null"],
    "ranges": ["1", "1,2", "1-3", "3-1", "a", "1-", "-1", "1-2-3", "", " 1 , 2 ", "1,3-6", "1.5", "null"],
    "map": ["a=b", "a", "a=b=c", "a=b,c=d", "", "a=", "=b", " a = b ", ",", "a=b,"],
    "query": ["a=b", "a", "a=b&c=d", "a=%zz", "a;b", "", "%", "a=b=c", "a+b=c"],
    "str": ["", " ", " x ", "null"],
}


def kind_of(tag):
    t = tag["GoType"].lstrip("*")
    if t == "time.Duration":
        return "dur"
    if t == "url.Values":
        return "query"
    if t.startswith("map["):
        return "map"
    if t.startswith("[]"):
        return "ranges" if tag["RangeSeparator"] or "int" in t else "list"
    if t == "bool":
        return "bool"
    if t.startswith("int") or t.startswith("uint"):
        return "int"
    if t.startswith("float"):
        return "float"
    return "str"


OUR_KIND = {"text": "str", "whole number": "int", "number": "float", "true or false": "bool", "duration": "dur", "list": "list", "ranges": "ranges", "map": "map", "query": "query"}
GOOD = {"int": "7", "float": "7", "bool": "true", "dur": "7s", "list": "x", "ranges": "1", "map": "a=b", "query": "a=b", "str": "x"}
SPECIAL = {
    "capabilities": "{}", "metricAggregationInterval": "0:1:0", "queryTypes": "workflow", "version": "2.0.0", "platform": "x",
    "endpointParams": "a=b", "alignmentAligner": "mean", "alignmentReducer": "mean", "aggregation": "mean", "queueTypes": "workflow",
    "natsServerMonitoringEndpoint": "x:8222", "authType": "Basic", "quantization": "1m", "vhostName": "v", "operation": "sum", "parameters": "a:b",
    "credentials": "{}", "GoogleApplicationCredentials": "{}", "timezone": "UTC", "start": "0 1 * * *", "end": "0 2 * * *", "globPattern": "*", "lookAhead": "1h",
    "checkpointStrategy": "azureFunction", "consistency": "ONE", "protocol": "auto", "tls": "disable", "enableTLS": "false", "sasl": "none", "cloud": "AzurePublicCloud",
    "queryTime": "-10Minutes", "datadogMetricsServicePort": "8443", "mode": "QueueLength", "type": "average", "awsEndpoint": "http://localhost:4566",
}


CLOUDS = ["AzurePublicCloud", "AzureUSGovernmentCloud", "AzureChinaCloud", "Private", "AzureCloud", "AzureUSGovernment", "AzureGermanCloud", "odd"]


def specs(kind, our):
    """name -> {aliases, order, kind, good, values}"""
    out = {}
    tags = FIELDS.get(kind) or []
    for t in tags:
        s = {"names": t["Names"], "order": [SRC[o] for o in (t["Order"] or [])], "kind": kind_of(t), "enum": t["Enum"], "excl": t["ExclusiveSet"], "tag": t}
        out.setdefault(t["Names"][0], s)
    known = {n for s in out.values() for n in s["names"]}
    allowed = {p["name"]: p["allowed"] for p in our.get("parameters", []) if p.get("allowed")}
    for n, s in out.items():
        s["more"] = allowed.get(n, [])
    for p in our.get("parameters", []):
        names = [p["name"]] + p.get("aliases", [])
        if any(n in known for n in names):
            continue
        order = [OURS_SRC[f] for f in p["from"] if f in OURS_SRC and OURS_SRC[f] != "v"]
        out[p["name"]] = {"names": names, "order": order or ["m"], "kind": OUR_KIND.get(p["kind"], "str"), "enum": p.get("allowed"), "excl": None, "tag": None, "more": []}
    for s in out.values():
        n = s["names"][0]
        if s["tag"] is None and (n in NEWER or (kind, n) == ("temporal", "enableTLS")):
            continue
        s["good"] = (s["enum"] or [None])[0] or (SPECIAL.get(n) if n in SPECIAL else None) or (s["tag"] or {}).get("Default") or GOOD[s["kind"]]
        if s["kind"] in ("int", "float") and not s["enum"]:
            s["good"] = "7"
    out.pop("query.*", None)
    return {n: s for n, s in out.items() if "good" in s}


# Not in 2.20, or not read: KEDA passes over them.
NEWER = {"fullMetadata", "includeRunningWorkflowCount", "workflowTaskQueueForCount", "awsExternalId", "eventHubResourceURL", "apiHost", "includeUnacked", "cortexOrgID", "authMode", "queueLength", "msgBacklog", "tls"}


def where(base, names):
    found = {}
    for c in base:
        if c[0] in "mea" and c[1] == ".":
            p, _, rest = c.partition(".")
            k, _, v = rest.partition("=")
            if k in names:
                found[(p, k)] = v
    return found


def cases(kind, our):
    sp = specs(kind, our)
    for number, base in enumerate(bases(kind, OLDER is not None)):
        seen = set()
        out = []

        def add(*changes):
            if changes not in seen and not (skipped(kind, changes) and (kind != "pulsar" or number == 1)):
                seen.add(changes)
                out.append(list(changes))

        add()
        if any(c.startswith("t=") for c in base):
            add("-t")
        for t in ("Value", "AverageValue", "Utilization"):
            add("t=" + t)
        for provider in ("aws", "azure-workload", "gcp", "none"):
            add("i.provider=" + provider)
        singles = []  # (parameter, change)
        for name, s in sp.items():
            at = where(base, s["names"])
            gone = ["-%s.%s" % k for k in at]
            value = next(iter(at.values()), s["good"])
            if gone:
                add(*gone)
                singles.append((name, tuple(gone)))
            for src in s["order"]:
                for n in s["names"]:
                    c = "%s.%s=%s" % (src, n, value)
                    if (src, n) in at:
                        continue
                    add(*gone, c)
                    if src == "a" and n in ("authModes", "authMode"):
                        continue
                    if not gone and n == s["names"][0] and src == s["order"][0]:
                        singles.append((name, (c,)))
            if gone:  # the wrong source
                for src in "mea":
                    if src not in s["order"]:
                        add(*gone, "%s.%s=%s" % (src, s["names"][0], value))
            src = s["order"][0] if s["order"] else "m"
            at_key = next(iter(at), (src, s["names"][0]))
            values = list(BAD[s["kind"]])
            if s["enum"]:
                for e in s["enum"]:
                    values += [e, e.upper(), e.lower(), e.capitalize()]
                values += ["odd", s["enum"][0] + "," + s["enum"][-1], s["enum"][0] + ";" + s["enum"][-1]]
            for e in s["more"] + CLOUDS * (name == "cloud"):
                values += [e, e.upper()]
            values += TRY.get((kind, name), [])
            if s["excl"]:
                values += [",".join(s["excl"]), s["excl"][0] + ", " + s["excl"][-1], s["excl"][0]]
            pointer = s["tag"] and s["tag"]["GoType"].startswith("*")
            for v in values:
                # Texts that only KEDA sees: none of it can be known here.
                if v in TRY.get((kind, name), []):
                    add("%s.%s=%s" % (*at_key, v))
                    continue
                if at_key[0] in "ae" and (not v.strip() or (s["kind"] == "str" and not s["enum"])):
                    continue
                # By hand, without taking blanks away.
                if v.strip() == "" and v and (s["tag"] is None or name in ("cloud", "type")):
                    continue
                # A number that may be absent.
                if v == "null" and pointer:
                    continue
                # Longer than Go's durations, which wrap around.
                if s["kind"] == "dur" and v in ("9223372036854775807", "100000000000000"):
                    continue
                add("%s.%s=%s" % (*at_key, v))
                for other in s["order"][1:]:
                    if v in ("abc", "yes", "odd", "1.5") or (v == "" and other == "m"):
                        add(*gone, "%s.%s=%s" % (other, s["names"][0], v))
        for (a, ca), (b, cb) in itertools.combinations(singles, 2):
            add(*ca, *cb)
        yield number, base, out


def ask(questions, oracle=None):
    text = "".join(json.dumps(q) + "\n" for q in questions)
    done = subprocess.run(["unshare", "-rn", oracle or ORACLE], input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return [json.loads(line).get("error") for line in done.stdout.splitlines()]


NET = re.compile(r"network is unreachable|deadline exceeded|no such host|failed to acquire a token|provided hostnames|dial tcp|[Cc]anceled|[Tt]imeout|connection refused|default credentials|PGSQL")
# They wait for a server that is not there.
SLOW = {"kafka", "redis", "redis-cluster", "redis-cluster-streams", "redis-sentinel", "redis-sentinel-streams", "redis-streams", "mongodb", "aws-dynamodb-streams"}


def with_keys(q):
    q["auth"] = {k: {"$CERT": CERT, "$KEY": KEY}.get(v, v) for k, v in q["auth"].items()}
    return q


def plus(change):
    return [c for c in change if not c.startswith("-")]


def refine(kind, base, taken):
    """Those of `taken` that the constructor refuses, as far as it asks nobody."""
    if kind in SLOW or (kind == "etcd" and any("username" in c for c in base)):
        return []
    few = [c for c in taken if len(plus(c)) <= 1 and len(c) <= 2]
    said = ask([with_keys({"type": kind, "build": True, **apply(base, c)}) for c in [[]] + few])
    if said[0] and not NET.search(said[0]):
        return []
    return [c for c, error in zip(few, said[1:]) if error and not NET.search(error)]


FEW = {"int": {"abc", "1.5", "-1", "0"}, "float": {"abc", "-1", "0", "1e3"}, "bool": {"yes", "True"}, "str": {"", " x "}, "dur": {"-1s", "abc", "5", "1.5"}, "list": {"", ","}}
FULL = {"redis", "prometheus", "apache-kafka", "pulsar", "metrics-api", "sumologic"}


def select(kind, number, verdicts, base0, sp):
    """Verdicts that say something of their own."""
    single = {}
    for c, v in verdicts.items():
        if len(c) <= 1 or (len(plus(c)) == 1 and len(c) == 2 and c[0][1:] in c[1]):
            single[c] = v
    kept = {}
    kinds = {n: s["kind"] for s in sp.values() for n in s["names"]}
    good = {n: str(s["good"]) for s in sp.values() for n in s["names"]}
    enums = {n for s in sp.values() if s["enum"] or s["excl"] or s["more"] for n in s["names"]}
    for c, v in verdicts.items():
        parts = plus(c)
        text = parts[0].split("=", 1) if parts else None
        name = text[0].partition(".")[2] if text else None
        if len(c) == 2 and c not in single and not any(p.startswith("-") and p[3:] == name for p in c):
            halves = [verdicts.get((p,)) for p in c]
            if None in halves:
                continue
            # Said by one half already.
            if v == all(halves):
                continue
        elif number and c in base0 and base0[c] == v and parts:
            continue
        elif len(parts) == 1 and name in kinds and kind not in FULL and name not in enums and text[1] != good[name]:
            value = text[1]
            if value in TRY.get((kind, name), []):
                kept[c] = v
                continue
            if v and value not in FEW.get(kinds[name], {value}):
                continue
            if not v and kinds[name] in FEW and value not in FEW[kinds[name]] and kinds[name] != "str":
                continue
        kept[c] = v
    return kept


def names(found, kind):
    return {n for tag in found.get(kind) or [] for n in tag["Names"]}


def differences():
    """What the oracle says otherwise than the older one, and what it says of names that the older one does not know."""
    tables, old, types = ours(), fields(OLDER), {}
    earlier = json.loads((pathlib.Path(__file__).parents[1] / "data/trigger-vectors.json").read_text())["types"]
    for kind in sorted(set(B) | set(NEW)):
        sp = specs(kind, tables[kind])
        new = names(FIELDS, kind) - names(old, kind)
        written = {json.dumps(g["base"]): [c for c in g["taken"] + g["refused"] if not skipped(kind, c)] for g in earlier.get(kind, [])}
        for number, base, changes in cases(kind, tables[kind]):
            changes = [list(c) for c in dict.fromkeys(map(tuple, changes + written.get(json.dumps(base), [])))]
            questions = [{"type": kind, **apply(base, c)} for c in changes]
            now = {tuple(c): e is None for c, e in zip(changes, ask(questions))}
            if kind not in B:
                kept = select(kind, number, now, {}, sp)
            else:
                before = {tuple(c): e is None for c, e in zip(changes, ask(questions, OLDER))}
                about = {c: v for c, v in now.items() if before[c] != v or any(n in p for p in c for n in new)}
                kept = select(kind, number, {**now, **about}, {}, sp)
                said = {tuple(c) for c in written.get(json.dumps(base), [])}
                kept = {c: v for c, v in about.items() if c in kept or (c in said and before[c] != v)}
            group = {"base": base, "taken": [list(c) for c, v in kept.items() if v], "refused": [list(c) for c, v in kept.items() if not v]}
            if kept:
                types.setdefault(kind, []).append(group)
    with open(OUT, "w") as out:
        write(out, types, ABOUT_2_21)
    print(sum(len(g["taken"]) + len(g["refused"]) for groups in types.values() for g in groups), "kept")


def main():
    if OLDER:
        return differences()
    tables = ours()
    types, total, refused = {}, 0, 0
    for kind in sorted(B):
        sp = specs(kind, tables[kind])
        base0 = {}
        for number, base, changes in cases(kind, tables[kind]):
            said = ask([{"type": kind, **apply(base, c)} for c in changes])
            if said[0]:
                sys.exit("%s: KEDA does not take base %d: %s" % (kind, number, said[0]))
            verdicts = {tuple(c): e is None for c, e in zip(changes, said)}
            for c in refine(kind, base, [c for c, e in zip(changes, said) if e is None]):
                if any(p[0] in "ae" for p in plus(c)):
                    del verdicts[tuple(c)]
                else:
                    verdicts[tuple(c)] = False
            total += len(verdicts)
            refused += sum(not v for v in verdicts.values())
            if number == 0:
                base0 = verdicts
            kept = verdicts if os.environ.get("ALL") else select(kind, number, verdicts, base0, sp)
            group = {"base": base, "taken": [list(c) for c, v in kept.items() if v], "refused": [list(c) for c, v in kept.items() if not v]}
            types.setdefault(kind, []).append(group)
    with open(OUT, "w") as out:
        write(out, types, ABOUT)
    kept = sum(len(g["taken"]) + len(g["refused"]) for groups in types.values() for g in groups)
    print(total, "cases,", refused, "refused;", kept, "kept")


def write(out, types, about):
    one = lambda x: json.dumps(x, ensure_ascii=False, separators=(",", ":"))
    out.write('{"about":%s,\n"types":{\n' % one(about))
    for i, (kind, groups) in enumerate(sorted(types.items())):
        out.write("%s%s:[\n" % (",\n" if i else "", one(kind)))
        for j, g in enumerate(groups):
            out.write('%s{"base":%s,\n"taken":[' % (",\n" if j else "", one(g["base"])))
            out.write(",".join(one(c) for c in g["taken"]) + '],\n"refused":[')
            out.write(",".join(one(c) for c in g["refused"]) + "]}")
        out.write("]")
    out.write("}}\n")


ABOUT = "Which parameters KEDA 2.20.0 takes and refuses: answers of its own parsers and constructors (tests/oracle). See src/scalers/tests/vectors.rs for the notation."

ABOUT_2_21 = "What KEDA 2.21.0 takes and refuses where 2.20.0 does not, or where it does not know the parameter (tests/oracle). See src/scalers/tests/vectors.rs for the notation."

if __name__ == "__main__":
    main()
