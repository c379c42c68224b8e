#!/usr/bin/env python3
"""Sends the same requests to two clusters and prints where the answers differ; a difference is a fault of the embedded one.

    compare.py EMBEDDED.kubeconfig REAL.kubeconfig [WORD]     (WORD: only the cases whose name holds it)

Values that may differ (uids, times, resource versions, random name suffixes, addresses) are replaced before comparing.
Needs PyYAML. Exit 1 when anything differs.
"""
import base64, copy, http.client, json, re, ssl, sys, tempfile, time, urllib.parse

import yaml


class Cluster:
    def __init__(self, path):
        config = yaml.safe_load(open(path))
        cluster = config["clusters"][0]["cluster"]
        user = config["users"][0].get("user") or {}
        self.url = urllib.parse.urlsplit(cluster["server"])
        self.context = None
        if self.url.scheme == "https":
            self.context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
            with tempfile.NamedTemporaryFile() as pair:
                pair.write(base64.b64decode(user["client-certificate-data"]) + b"\n" + base64.b64decode(user["client-key-data"]))
                pair.flush()
                self.context.load_cert_chain(pair.name)

    def send(self, method, path, body=None, kind="application/json", headers=None, timeout=30):
        make = http.client.HTTPSConnection if self.context else http.client.HTTPConnection
        more = {"context": self.context} if self.context else {}
        connection = make(self.url.hostname, self.url.port, timeout=timeout, **more)
        sent = {"Accept": "application/json", **(headers or {})}
        data = None
        if body is not None:
            sent["Content-Type"] = kind
            data = body if isinstance(body, (str, bytes)) else json.dumps(body)
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        interesting = {name: answer.headers[name] for name in ("Warning", "Retry-After", "Content-Type") if answer.headers[name]}
        connection.close()
        try:
            value = [json.loads(line) for line in text.splitlines()] if "watch=1" in path and answer.status == 200 else json.loads(text)
        except ValueError:
            value = text
        return answer.status, interesting, value


TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
RANDOM_NAME = re.compile(r"\b((?:[a-z0-9]+-)+)[bcdfghjklmnpqrstvwxz2456789]{5}\b")


def normal(value, key=None):
    if isinstance(value, dict):
        return {name: normal(one, name) for name, one in value.items()}
    if isinstance(value, list):
        made = [normal(one, key) for one in value]
        return sorted(made, key=lambda one: one.get("type", "")) if key == "conditions" else made
    if key == "resourceVersion":
        return "RV" if value else value
    if key in ("continue",):
        return "CONTINUE" if value else value
    if isinstance(value, str):
        if key in ("podIP", "ip", "hostIP", "nodeName", "containerID"):
            return "ADDRESS"
        value = UID.sub("UID", TIME.sub("TIME", value))
        value = RANDOM_NAME.sub(r"\1RAND", value)
        return re.sub(r"sandbox-node|control-plane-admin|Python-urllib", "NODE", value)
    return value


def differences(embedded, real):
    """Lines that say where two answers differ."""
    if embedded[0] != real[0] or any(isinstance(one[2], dict) and one[2].get("kind") == "Status" for one in (embedded, real)):
        if embedded != real:
            for who, (status, headers, value) in (("embedded", embedded), ("real", real)):
                yield f"   {who}: {status} {headers.get('Warning', '')} {brief(value)}"
            if brief(embedded[2]) == brief(real[2]):
                yield from at("", embedded[2], real[2])
                yield from at("headers", embedded[1], real[1])
        return
    yield from at("headers", embedded[1], real[1])
    yield from at("", embedded[2], real[2])


def brief(value):
    if isinstance(value, dict) and value.get("kind") == "Status":
        return f"{value.get('reason') or value.get('status')}: {value.get('message')}"
    if isinstance(value, dict) and "kind" in value:
        return f"a {value['kind']}"
    return json.dumps(value)[:300]


def at(path, embedded, real):
    if isinstance(embedded, dict) and isinstance(real, dict):
        for key in sorted({*embedded, *real}):
            yield from at(f"{path}.{key}", embedded.get(key, "(absent)"), real.get(key, "(absent)"))
    elif isinstance(embedded, list) and isinstance(real, list) and len(embedded) == len(real):
        for index, (one, other) in enumerate(zip(embedded, real)):
            yield from at(f"{path}[{index}]", one, other)
    elif embedded != real:
        yield f"   {path}: embedded {json.dumps(embedded)[:700]}"
        yield f"   {' ' * len(path)}  real     {json.dumps(real)[:700]}"


def main():
    embedded, real = Cluster(sys.argv[1]), Cluster(sys.argv[2])
    word = sys.argv[3] if len(sys.argv) > 3 else ""
    namespace = "compare-" + format(int(time.time()) % 100000, "05d")
    for cluster in (embedded, real):
        cluster.send("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    # The ServiceAccount admission of the real one wants the controller to have been there.
    for _ in range(100):
        if real.send("GET", f"/api/v1/namespaces/{namespace}/serviceaccounts/default")[0] == 200:
            break
        time.sleep(0.05)
    different = count = 0
    for name, steps in cases(namespace):
        if word not in name:
            continue
        count += 1
        for number, step in enumerate(steps):
            if "sleep" in step:
                time.sleep(step["sleep"])
                continue
            answers = []
            for cluster in (embedded, real):
                try:
                    status, headers, value = cluster.send(**step["send"])
                except Exception as error:  # A connection that breaks is an answer too.
                    status, headers, value = 0, {}, repr(error)
                pick = step.get("pick")
                value = normal(value)
                if pick:
                    try:
                        value = pick(value)
                    except (AttributeError, KeyError, TypeError):
                        pass  # Not the answer that was hoped for: compared whole.
                answers.append(json.loads(json.dumps([status, headers, value]).replace(namespace, "NAMESPACE")))
            lines = list(differences(*answers))
            if lines:
                different += 1
                print(f"== {name} [{number}] {step['send']['method']} {step['send']['path'].replace(namespace, 'NAMESPACE')}")
                print("\n".join(lines))
    for cluster in (embedded, real):
        cluster.send("DELETE", f"/api/v1/namespaces/{namespace}")
    print(f"{count} cases, {different} answers differ")
    sys.exit(1 if different else 0)


def job(name="one", spec=None, template=None, container=None, **meta):
    body = {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, **meta},
        "spec": {"template": {"metadata": {}, "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}},
    }
    body["spec"].update(spec or {})
    body["spec"]["template"]["spec"].update(template or {})
    if container:
        body["spec"]["template"]["spec"]["containers"][0].update(container)
    return body


def cases(namespace):
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    core = f"/api/v1/namespaces/{namespace}"
    keda = f"/apis/keda.sh/v1alpha1/namespaces/{namespace}"
    merge, strategic, patch6902, apply = (
        "application/merge-patch+json", "application/strategic-merge-patch+json", "application/json-patch+json", "application/apply-patch+yaml")
    strict = "?fieldManager=m&fieldValidation=Strict"

    def send(method, path, body=None, kind="application/json", pick=None, **more):
        return {"send": {"method": method, "path": path, "body": body, "kind": kind, **more}, "pick": pick}

    def create(body, query=strict, pick=None):
        return send("POST", jobs + query, body, pick=pick)

    def dry(body, pick=None):
        return create(body, strict + "&dryRun=All", pick)

    def refused(name, *bodies):
        return (name, [dry(body, plain) for body in bodies])

    def plain(value):
        """A Job less what the first two cases compare."""
        value = without_managed(value)
        if isinstance(value, dict) and value.get("kind") == "Job":
            value["spec"].pop("manualSelector", None)
        return value

    def without_managed(value):
        if isinstance(value, dict) and isinstance(value.get("metadata"), dict):
            value["metadata"].pop("managedFields", None)
        return value

    def names(value):
        return [one["metadata"]["name"] for one in value["items"]] if isinstance(value, dict) and "items" in value else value

    quick = {"annotations": {"sandbox.keda-jobs/pending": "10ms", "sandbox.keda-jobs/run": "50ms"}}
    slow = {"annotations": {"sandbox.keda-jobs/run": "10m"}}

    def timed(body, meta):
        body["spec"]["template"]["metadata"] = copy.deepcopy(meta)
        return body

    yield "create: defaults of a dry run", [dry(job(), without_managed)]
    yield "create: managed fields", [dry(job(), lambda value: value["metadata"].get("managedFields"))]
    yield "create: rich template", [dry(job(
        spec={"backoffLimit": 2, "parallelism": 3, "completions": 3, "completionMode": "Indexed", "ttlSecondsAfterFinished": 5, "activeDeadlineSeconds": 60,
              "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
                                             {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}},
        template={"volumes": [{"name": "v", "emptyDir": {}}, {"name": "c", "configMap": {"name": "cm"}}, {"name": "s", "secret": {"secretName": "s"}}],
                  "initContainers": [{"name": "init", "image": "busybox:1"}], "serviceAccountName": "worker",
                  "tolerations": [{"key": "a", "operator": "Exists"}]},
        container={"env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                           {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                   "resources": {"requests": {"cpu": "0.1", "memory": "1.5Gi"}, "limits": {"cpu": "1000m"}},
                   "ports": [{"containerPort": 80}], "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                   "livenessProbe": {"httpGet": {"path": "/", "port": 80}}}), plain)]
    yield "create: generateName", [dry({**job(), "metadata": {"generateName": "gen-"}}, plain)]
    yield refused("refuse: names", job(name="Upper"), job(name="a" * 64), job(name="a" * 254), job(name=""), job(name="-a"), job(name="a.b"), job(name="a_b"))
    yield refused("refuse: no name", {**job(), "metadata": {}})
    yield refused("refuse: labels", job(labels={"bad key": "x"}), job(labels={"a": "b c"}), job(labels={"a": "x" * 64}), job(annotations={"bad key": "x"}))
    yield refused("refuse: restartPolicy", job(template={"restartPolicy": "Always"}), job(template={"restartPolicy": "Sometimes"}), job(template={"restartPolicy": None}))
    yield refused("refuse: containers", job(template={"containers": []}), job(template={"containers": None}), job(container={"name": "Main"}), job(container={"name": ""}),
                  job(container={"image": ""}), job(container={"image": " busybox"}),
                  job(template={"containers": [{"name": "a", "image": "x"}, {"name": "a", "image": "y"}]}), job(container={"imagePullPolicy": "Often"}))
    yield refused("refuse: env", job(container={"env": [{"name": ""}]}), job(container={"env": [{"name": "A=B", "value": "1"}]}),
                  job(container={"env": [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}),
                  job(container={"env": [{"name": "A", "valueFrom": {}}]}), job(container={"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nothing"}}}]}),
                  job(container={"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "", "key": "k"}}}]}))
    yield refused("refuse: resources", job(container={"resources": {"requests": {"cpu": "lots"}}}), job(container={"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}),
                  job(container={"resources": {"requests": {"cpu": "-1"}}}), job(container={"resources": {"requests": {"gpu": "1"}}}),
                  job(container={"resources": {"requests": {"nvidia.com/gpu": "1"}}}), job(container={"resources": {"requests": {"memory": "1.5"}}}))
    yield refused("refuse: volumes", job(container={"volumeMounts": [{"name": "none", "mountPath": "/x"}]}), job(template={"volumes": [{"name": "v"}]}),
                  job(template={"volumes": [{"name": "V", "emptyDir": {}}]}), job(template={"volumes": [{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}]}),
                  job(template={"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]}),
                  job(template={"volumes": [{"name": "v", "emptyDir": {}}]}, container={"volumeMounts": [{"name": "v", "mountPath": ""}]}),
                  job(template={"volumes": [{"name": "v", "emptyDir": {}}]}, container={"volumeMounts": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/a"}]}))
    yield refused("refuse: ports and probes", job(container={"ports": [{"containerPort": 0}]}), job(container={"ports": [{"containerPort": 70000}]}),
                  job(container={"ports": [{"containerPort": 80, "name": "a_b"}]}), job(container={"livenessProbe": {}}), job(container={"livenessProbe": {"httpGet": {"port": 0}}}),
                  job(container={"livenessProbe": {"exec": {"command": ["x"]}, "httpGet": {"port": 80}}}))
    yield refused("refuse: numbers of the spec", *[job(spec={field: -1}) for field in ("backoffLimit", "parallelism", "completions", "activeDeadlineSeconds", "ttlSecondsAfterFinished")])
    yield refused("refuse: types", job(spec={"backoffLimit": "six"}), job(spec={"parallelism": 1.5}), job(spec={"suspend": "yes"}), {**job(), "spec": {"template": []}}, job(labels=[]),
                  job(labels={"a": 1}), job(container={"command": "sh"}), job(container={"env": {"A": "1"}}), job(container={"env": [{"name": "A", "value": 1}]}), job(spec={"backoffLimit": 2 ** 40}))
    yield refused("refuse: unknown fields", job(spec={"paralelism": 2}), job(container={"imagee": "x"}), {**job(), "specs": {}}, job(lables={}), job(template={"containerz": [], "restartpolicy": "x"}))
    yield "warn: unknown fields", [create(job(spec={"paralelism": 2}), "?fieldValidation=Warn&dryRun=All", lambda value: value.get("kind")),
                                   create(job(spec={"paralelism": 2}), "?fieldValidation=Ignore&dryRun=All", lambda value: value.get("kind")),
                                   create(job(spec={"paralelism": 2}), "?dryRun=All", lambda value: value.get("kind"))]
    yield "refuse: query", [create(job("query"), "?fieldValidation=Hard"), create(job("query-2"), "?dryRun=Some"), create(job("query-3"), "?fieldManager=" + "m" * 129)]
    yield refused("refuse: completion mode", job(spec={"completionMode": "Indexed"}), job(spec={"completionMode": "Other"}), job(spec={"completionMode": "Indexed", "completions": 2, "parallelism": 200000}),
                  job(spec={"backoffLimitPerIndex": 1}), job(spec={"maxFailedIndexes": 1}), job(spec={"completionMode": "Indexed", "completions": 2, "backoffLimitPerIndex": 1, "maxFailedIndexes": 3}))
    yield refused("refuse: selector", job(spec={"selector": {"matchLabels": {"a": "b"}}}), job(spec={"manualSelector": True}), job(spec={"manualSelector": True, "selector": {"matchLabels": {"a": "b"}}}))
    yield refused("refuse: pod failure policy", job(spec={"podFailurePolicy": {"rules": [{"action": "Explode"}]}}), job(spec={"podFailurePolicy": {"rules": [{"action": "FailJob"}]}}),
                  job(spec={"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [0]}}]}}),
                  job(spec={"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": []}}]}}),
                  job(spec={"podFailurePolicy": {"rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}}]}}),
                  job(spec={"podFailurePolicy": {"rules": [{"action": "Count", "onExitCodes": {"operator": "In", "values": [1], "containerName": "none"}}]}}),
                  job(spec={"podFailurePolicy": {"rules": []}}, template={"restartPolicy": "OnFailure"}))
    yield refused("refuse: other policies", job(spec={"podReplacementPolicy": "Soon"}), job(spec={"managedBy": "x"}), job(spec={"managedBy": "example.com/x"}),
                  job(spec={"successPolicy": {"rules": []}}), job(spec={"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{"succeededCount": 5}]}}),
                  job(spec={"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{"succeededIndexes": "0-5"}]}}))
    yield refused("refuse: pod fields", job(template={"dnsPolicy": "X"}), job(template={"terminationGracePeriodSeconds": -5}), job(template={"activeDeadlineSeconds": 0}), job(template={"serviceAccountName": "Bad_Name"}),
                  job(template={"nodeSelector": {"bad key": "x"}}), job(template={"tolerations": [{"operator": "What"}]}), job(template={"imagePullSecrets": [{"name": ""}]}), job(template={"priority": 5}),
                  job(template={"hostNetwork": True}, container={"ports": [{"containerPort": 80, "hostPort": 81}]}), job(template={"securityContext": {"runAsUser": -1}}), job(template={"schedulingGates": [{"name": "a"}]}),
                  job(template={"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}}),
                  job(template={"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "X"}]}))
    yield refused("refuse: kind and version", {**job(), "kind": "CronJob"}, {**job(), "apiVersion": "batch/v2"}, {**job(), "apiVersion": "v1"}, {**job(), "kind": ""}, {})
    yield refused("refuse: namespace and metadata", job(namespace="other"), job(uid="x"), job(resourceVersion="5"), job(ownerReferences=[{"name": "x"}]), job(finalizers=["a"]), job(finalizers=["bad finalizer/x"]))
    yield "refuse: bodies", [send("POST", jobs, "{"), send("POST", jobs, "[]"), send("POST", jobs, "null"), send("POST", jobs, ""), send("POST", jobs, "a: [", "application/yaml"), send("POST", jobs, "{}", "text/plain"),
                             send("POST", jobs, "{\"kind\":\"Job\",\"kind\":\"Job\"}")]
    yield "life: create, read, twice, delete", [
        create(timed(job("life", labels={"app": "a"}), slow), pick=plain), create(job("life")), {"sleep": 1.5},
        send("GET", jobs + "/life", pick=plain), send("GET", jobs + "/life/status", pick=plain),
        send("GET", core + "/pods?labelSelector=batch.kubernetes.io/job-name%3Dlife", pick=lambda value: [plain(one) for one in value["items"]]),
        send("DELETE", jobs + "/life?propagationPolicy=Background"), {"sleep": 1.5}, send("GET", jobs + "/life"), send("DELETE", jobs + "/life"),
        send("GET", core + "/pods?labelSelector=job-name%3Dlife", pick=names)]
    yield "life: to the end", [create(timed(job("done"), quick), pick=lambda value: 0), {"sleep": 4}, send("GET", jobs + "/done", pick=lambda value: value["status"]),
                               send("GET", core + "/pods?labelSelector=job-name%3Ddone", pick=lambda value: [[one["metadata"], one["status"]] for one in map(plain, value["items"])]),
                               send("GET", core + "/events?fieldSelector=involvedObject.kind%3DJob,involvedObject.name%3Ddone",
                                    pick=lambda value: sorted([[one["type"], one["reason"], one["message"], one.get("source"), one.get("count"), one.get("reportingComponent")] for one in value["items"]], key=str))]
    failing = {"annotations": {**quick["annotations"], "sandbox.keda-jobs/fail": "always", "sandbox.keda-jobs/exit-code": "42"}}
    yield "life: failed", [create(timed(job("failed", spec={"backoffLimit": 0}), failing), pick=lambda value: 0), {"sleep": 5}, send("GET", jobs + "/failed", pick=lambda value: value["status"]),
                           send("GET", core + "/events?fieldSelector=involvedObject.kind%3DJob,involvedObject.name%3Dfailed",
                                pick=lambda value: sorted([[one["type"], one["reason"], one["message"]] for one in value["items"]], key=str))]
    yield "life: failed by policy", [create(timed(job("policy", spec={"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]}}), failing), pick=lambda value: 0),
                                     {"sleep": 5}, send("GET", jobs + "/policy", pick=lambda value: value["status"])]
    yield "life: deadline", [create(timed(job("deadline", spec={"activeDeadlineSeconds": 1}), slow), pick=lambda value: 0), {"sleep": 5}, send("GET", jobs + "/deadline", pick=lambda value: value["status"]),
                             send("GET", core + "/pods?labelSelector=job-name%3Ddeadline", pick=names)]
    yield "life: indexes", [create(timed(job("indexed", spec={"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimitPerIndex": 0}), failing), pick=lambda value: 0), {"sleep": 5},
                            send("GET", jobs + "/indexed", pick=lambda value: value["status"]),
                            send("GET", core + "/pods?labelSelector=job-name%3Dindexed", pick=lambda value: sorted(
                                json.dumps([one["metadata"].get("annotations"), one["metadata"]["labels"], one["spec"].get("hostname"), one["spec"]["containers"][0].get("env")], sort_keys=True)
                                for one in value["items"]))]
    yield "life: suspended", [create(job("asleep", spec={"suspend": True}), pick=lambda value: 0), {"sleep": 1.5}, send("GET", jobs + "/asleep", pick=lambda value: value["status"]),
                              send("PATCH", jobs + "/asleep", {"spec": {"suspend": False}}, merge, lambda value: value["spec"]["suspend"]), {"sleep": 2}, send("GET", jobs + "/asleep", pick=lambda value: value["status"]),
                              send("GET", core + "/events?fieldSelector=involvedObject.kind%3DJob,involvedObject.name%3Dasleep", pick=lambda value: sorted(one["reason"] + one["message"] for one in value["items"]))]
    yield "life: owner and orphan", [
        send("POST", core + "/configmaps", {"metadata": {"name": "owner"}}, pick=lambda value: 0),
        create(timed(job("orphans"), slow), pick=lambda value: 0), {"sleep": 1}, send("DELETE", jobs + "/orphans?propagationPolicy=Orphan"), {"sleep": 2},
        send("GET", jobs + "/orphans"), send("GET", core + "/pods?labelSelector=job-name%3Dorphans", pick=lambda value: [one["metadata"].get("ownerReferences") for one in value["items"]]),
        create(timed(job("front"), slow), pick=lambda value: 0), {"sleep": 1}, send("DELETE", jobs + "/front?propagationPolicy=Foreground", pick=plain), {"sleep": 3}, send("GET", jobs + "/front")]
    def status(name):
        return send("GET", jobs + "/" + name, pick=lambda value: value["status"])

    def pods_of(name):
        return send("GET", core + "/pods?labelSelector=job-name%3D" + name, pick=lambda value: sorted(
            [one["status"]["phase"], "deletionTimestamp" in one["metadata"], json.dumps(one["metadata"].get("finalizers"))] for one in value["items"]))

    def said(name):
        return send("GET", core + "/events?fieldSelector=involvedObject.kind%3DJob,involvedObject.name%3D" + name,
                    pick=lambda value: sorted([one["type"], one["reason"], one["message"]] for one in value["items"]))

    def life(name, seconds, meta, *after, **spec):
        return "life: " + name, [create(timed(job(name, spec=spec), meta), pick=lambda value: value.get("message", 0)), {"sleep": seconds}, status(name), pods_of(name), said(name), *after]

    once = {"annotations": {**quick["annotations"], "sandbox.keda-jobs/fail": "1"}}
    yield life("retry", 14, once, backoffLimit=2)
    yield life("time-to-live", 5, quick, ttlSecondsAfterFinished=1)
    yield life("indexes-retry", 14, once, completionMode="Indexed", completions=2, parallelism=2, backoffLimitPerIndex=1, maxFailedIndexes=0)
    yield life("success-policy", 5, quick, completionMode="Indexed", completions=4, parallelism=1, successPolicy={"rules": [{"succeededIndexes": "0"}]})
    yield life("many", 6, quick, completions=4, parallelism=2)
    yield life("work-queue", 5, quick, parallelism=3)
    yield life("nothing", 2, quick, completions=0)
    yield life("none-at-once", 2, quick, parallelism=0)
    yield life("put-to-sleep", 2, slow, send("PATCH", jobs + "/put-to-sleep", {"spec": {"suspend": True}}, merge, lambda value: 0), {"sleep": 3}, status("put-to-sleep"), pods_of("put-to-sleep"), said("put-to-sleep"), parallelism=2)
    yield life("shrunk", 2, slow, send("PATCH", jobs + "/shrunk", {"spec": {"parallelism": 1}}, merge, lambda value: 0), {"sleep": 3}, status("shrunk"), pods_of("shrunk"), said("shrunk"), parallelism=3)
    yield life("pods-gone", 2, slow, send("DELETE", core + "/pods?labelSelector=job-name%3Dpods-gone", pick=lambda value: value.get("kind")), {"sleep": 3}, status("pods-gone"), pods_of("pods-gone"), said("pods-gone"))
    yield life("pods-gone-replaced-late", 2, slow, send("DELETE", core + "/pods?labelSelector=job-name%3Dpods-gone-replaced-late", pick=lambda value: value.get("kind")), {"sleep": 3}, status("pods-gone-replaced-late"),
               pods_of("pods-gone-replaced-late"), podReplacementPolicy="Failed")
    yield life("unschedulable", 2, slow, send("GET", core + "/events?fieldSelector=reason%3DFailedScheduling", pick=lambda value: sorted([one["message"], one["type"]] for one in value["items"])[:1]),
               template={**slow_template(slow), "spec": {**slow_template(slow)["spec"], "nodeSelector": {"gpu": "yes"}}})
    yield life("ignored-failure", 6, failing, podFailurePolicy={"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [42]}}]}, backoffLimit=0, activeDeadlineSeconds=3)
    lost = job("lost-owner", ownerReferences=[{"apiVersion": "v1", "kind": "ConfigMap", "name": "never", "uid": "00000000-0000-4000-8000-000000000000"}])
    yield "life: the owner is not there", [create(lost, pick=lambda value: 0), {"sleep": 3}, send("GET", jobs + "/lost-owner")]
    held = job("held", finalizers=["example.com/hold"])
    yield "life: a finalizer", [create(timed(held, slow), pick=lambda value: 0), {"sleep": 1}, send("DELETE", jobs + "/held?propagationPolicy=Background", pick=plain), {"sleep": 2}, send("GET", jobs + "/held", pick=plain), pods_of("held"),
                                send("DELETE", jobs + "/held?propagationPolicy=Background", pick=plain), send("PATCH", jobs + "/held", {"metadata": {"finalizers": None}}, merge, plain), send("GET", jobs + "/held")]
    yield "delete: options", [create(timed(job("del"), slow), pick=lambda value: 0), send("DELETE", jobs + "/del", {"preconditions": {"uid": "wrong"}}), send("DELETE", jobs + "/del", {"preconditions": {"resourceVersion": "1"}}),
                              send("DELETE", jobs + "/del?propagationPolicy=Sideways"), send("DELETE", jobs + "/del?dryRun=All", pick=plain), send("DELETE", jobs + "/del?propagationPolicy=Background", {"orphanDependents": True}),
                              send("DELETE", jobs + "/del"), send("DELETE", jobs + "/never-was", {"propagationPolicy": "Background"}), send("DELETE", jobs + "?labelSelector=a%3Db")]
    yield "patch: immutable and mutable", [
        create(timed(job("patch"), slow), pick=lambda value: 0), {"sleep": 1}, send("PATCH", jobs + "/patch", {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "x"}]}}}}, strategic),
        send("PATCH", jobs + "/patch", {"spec": {"completions": 5}}, merge), send("PATCH", jobs + "/patch", {"spec": {"parallelism": 2}}, merge, lambda value: value.get("spec", {}).get("parallelism")),
        send("PATCH", jobs + "/patch", {"spec": {"backoffLimit": 3}}, merge, lambda value: value.get("spec", value)), send("PATCH", jobs + "/patch", {"metadata": {"labels": {"a": "b"}, "annotations": {"x": None}}}, merge, lambda value: value["metadata"].get("labels")),
        send("PATCH", jobs + "/patch", {"metadata": {"resourceVersion": "1"}}, merge), send("PATCH", jobs + "/patch", {"metadata": {"name": "other"}}, merge), send("PATCH", jobs + "/none", {}, merge),
        send("PATCH", jobs + "/patch", [{"op": "test", "path": "/metadata/name", "value": "no"}], patch6902), send("PATCH", jobs + "/patch", [{"op": "remove", "path": "/metadata/nothing"}], patch6902),
        send("PATCH", jobs + "/patch", [{"op": "fly", "path": "/x"}], patch6902), send("PATCH", jobs + "/patch", "{", merge), send("PATCH", jobs + "/patch", {}, "application/json"),
        send("PATCH", jobs + "/patch", {"spec": {"nothing": 1}}, merge, None), send("PATCH", jobs + "/patch?fieldValidation=Strict", {"spec": {"nothing": 1}}, merge),
        send("PATCH", jobs + "/patch/status", {"status": {"active": 7}}, merge, lambda value: value.get("status", value)),
        send("PUT", jobs + "/patch", job("patch")), send("PUT", jobs + "/patch", job("other")), send("PUT", jobs + "/absent", job("absent"))]
    applied = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "ssa", "labels": {"a": "1"}}, "spec": {"parallelism": 1, "template": slow_template(slow)}}
    other = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "ssa", "labels": {"a": "2"}}}
    yield "apply: server side", [send("PATCH", jobs + "/ssa", json.dumps(applied), apply), send("PATCH", jobs + "/ssa?fieldManager=a", json.dumps(applied), apply, lambda value: value["metadata"]["managedFields"][:1]),
                                 send("PATCH", jobs + "/ssa?fieldManager=b", json.dumps(other), apply), send("PATCH", jobs + "/ssa?fieldManager=b&force=true", json.dumps(other), apply, lambda value: value["metadata"].get("labels")),
                                 send("PATCH", jobs + "/ssa?fieldManager=a", json.dumps({**other, "metadata": {"name": "ssa"}}), apply, lambda value: value.get("message", value["metadata"].get("labels")))]
    yield "list: selectors and pages", [
        *[create(timed(job(f"list-{i}", labels={"n": str(i), "app": "l"}), slow), pick=lambda value: 0) for i in range(3)],
        send("GET", jobs + "?labelSelector=app%3Dl", pick=names), send("GET", jobs + "?labelSelector=n+in+(1,2)", pick=names), send("GET", jobs + "?labelSelector=n+notin+(1),app", pick=names),
        send("GET", jobs + "?labelSelector=!app,n", pick=names), send("GET", jobs + "?labelSelector=a+b", pick=None), send("GET", jobs + "?labelSelector=%3D%3D", pick=None), send("GET", jobs + "?labelSelector=n%3E0", pick=names),
        send("GET", jobs + "?fieldSelector=metadata.name%3Dlist-1", pick=names), send("GET", jobs + "?fieldSelector=status.successful%3D0", pick=lambda value: value.get("message", len(value.get("items", [])) > 0)),
        send("GET", jobs + "?fieldSelector=spec.parallelism%3D1"), send("GET", jobs + "?labelSelector=app%3Dl&limit=2", pick=lambda value: [names(value), value["metadata"]]),
        send("GET", jobs + "?limit=2&continue=nonsense"), send("GET", jobs + "?resourceVersion=abc"), send("GET", jobs + "?limit=-1", pick=lambda value: value.get("message", "list")), send("GET", jobs + "?resourceVersionMatch=Exact"),
        send("GET", jobs + "?resourceVersion=99999999999", pick=lambda value: value.get("message", "list") if isinstance(value, dict) else value),
        send("GET", jobs + "?watch=1&timeoutSeconds=1&resourceVersion=abc")]
    def events(value):
        return [[one["type"], one["object"].get("kind"), one["object"]["metadata"].get("name"), one["object"]["metadata"].get("annotations")] for one in value] if isinstance(value, list) else value
    yield "watch", [create(timed(job("watched", labels={"n": "1"}), slow), pick=lambda value: 0), {"sleep": 1}] + [send("GET", jobs + "?watch=1&timeoutSeconds=1&labelSelector=n" + more, pick=events) for more in (
        "", "&resourceVersion=0", "&allowWatchBookmarks=true", "&resourceVersion=99999999999", "&sendInitialEvents=true", "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
        "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", "&sendInitialEvents=false&resourceVersionMatch=NotOlderThan", "&resourceVersionMatch=NotOlderThan&resourceVersion=0",
        "&timeoutSeconds=-1", "&limit=1", "&fieldSelector=metadata.name%3Dwatched", "&fieldSelector=spec.x%3D1")] + [
        send("GET", f"{jobs}/watched?watch=1&timeoutSeconds=1"), send("GET", f"/apis/batch/v1/watch/namespaces/{namespace}/jobs?watch=1&timeoutSeconds=1&labelSelector=n", pick=events)]
    yield "watch: expired", [send("GET", jobs + "?watch=1&timeoutSeconds=1&resourceVersion=1&labelSelector=n", pick=events)]
    yield "list: table and metadata", [
        send("GET", jobs + "?labelSelector=app%3Dl", headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}, pick=lambda value: value.get("columnDefinitions")),
        send("GET", core + "/pods", headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}, pick=lambda value: value.get("columnDefinitions")),
        send("GET", keda + "/scaledjobs", headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}, pick=lambda value: value.get("columnDefinitions")),
        send("GET", jobs + "?labelSelector=app%3Dl", headers={"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}, pick=lambda value: [value.get("kind"), value.get("apiVersion"), [sorted(one) for one in value["items"]]]),
        send("GET", jobs, headers={"Accept": "text/html"}, pick=lambda value: value if isinstance(value, str) else value.get("message"))]
    yield "paths", [send("GET", "/apis/batch/v1/namespaces/none/jobs", pick=names), send("GET", "/apis/batch/v1/nothing"), send("GET", "/apis/nothing/v1/things"), send("GET", "/nothing"), send("POST", "/apis/batch/v1/namespaces/none/jobs", job()),
                    send("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs/none/log"), send("PUT", jobs, job()), send("POST", jobs + "/x", job()), send("GET", core + "/pods/none/log"), send("DELETE", "/version"),
                    send("GET", "/version", pick=lambda value: sorted(value)), send("GET", "/readyz"), send("GET", "/healthz"), send("GET", "/livez")]
    yield "objects beside", [send("POST", core + "/secrets", {"metadata": {"name": "s"}, "stringData": {"k": "v"}}, pick=plain), send("POST", core + "/secrets", {"metadata": {"name": "s2"}, "data": {"k": "not base64!"}}),
                             send("POST", core + "/secrets", {"metadata": {"name": "s3"}, "data": {"bad key": "YQ=="}}), send("POST", core + "/configmaps", {"metadata": {"name": "c"}, "data": {"k": 1}}), send("POST", core + "/configmaps", {"metadata": {"name": "c"}, "data": {"k": "v"}}, pick=plain),
                             send("GET", core + "/secrets/none"), send("GET", core + "/configmaps/none"), send("GET", keda + "/scaledjobs/none"), send("POST", keda + "/scaledjobs", {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob", "metadata": {"name": "sj"}, "spec": {"x": 1}}, pick=plain),
                             send("POST", keda + "/scaledjobs", {"kind": "ScaledJob", "metadata": {"name": "Bad"}}), send("POST", keda + "/scaledjobs", {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob", "metadata": {"name": "Bad"}}),
                             send("PATCH", keda + "/scaledjobs/sj", {"metadata": {"annotations": {"a": "b"}}}, merge, plain), send("PATCH", keda + "/scaledjobs/sj", {"spec": {"y": 2}}, strategic),
                             send("PATCH", keda + "/scaledjobs/sj/status", {"status": {"ok": True}}, merge, plain), send("DELETE", keda + "/scaledjobs/sj")]
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    yield "leases", [send("POST", leases, {"metadata": {"name": "l"}, "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000000Z"}}, pick=plain),
                     send("POST", leases, {"metadata": {"name": "l2"}, "spec": {"leaseDurationSeconds": 0}}), send("POST", leases, {"metadata": {"name": "l3"}, "spec": {"renewTime": "now"}}), send("POST", leases, {"metadata": {"name": "l4"}, "spec": {"leaseTransitions": -1}}),
                     send("POST", leases, {"metadata": {"name": "l5"}, "spec": {"renewTime": "2026-01-01T00:00:00Z"}}, pick=plain), send("PUT", leases + "/l", {"metadata": {"name": "l", "resourceVersion": "1"}, "spec": {"holderIdentity": "you"}}),
                     send("PUT", leases + "/l", {"metadata": {"name": "l"}, "spec": {"holderIdentity": "you"}}), send("PUT", leases + "/new", {"metadata": {"name": "new"}, "spec": {"holderIdentity": "you"}}, pick=plain),
                     send("PATCH", leases + "/l", {"spec": {"holderIdentity": None}}, merge, plain), send("DELETE", leases + "/l")]
    yield "pods directly", [send("POST", core + "/pods", {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "b"}]}}, pick=plain), {"sleep": 0.6},
                            send("GET", core + "/pods/p", pick=lambda value: value["status"]), send("DELETE", core + "/pods/p", pick=lambda value: [value["metadata"].get("deletionGracePeriodSeconds"), value.get("kind")]), {"sleep": 1}, send("GET", core + "/pods/p"),
                            send("POST", core + "/pods", {"metadata": {"name": "q"}, "spec": {}}), send("POST", core + "/pods", {"metadata": {"name": "r"}, "spec": {"nodeSelector": {"gpu": "y"}, "containers": [{"name": "a", "image": "b"}]}}, pick=lambda value: 0), {"sleep": 0.6},
                            send("GET", core + "/pods/r", pick=lambda value: value["status"]), send("DELETE", core + "/pods/r?gracePeriodSeconds=0", pick=lambda value: value.get("status") if isinstance(value.get("status"), str) else value.get("kind"))]
    yield "quota", [send("POST", core + "/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": {"count/jobs.batch": "1", "pods": "0"}}}, pick=lambda value: 0), {"sleep": 2}, create(job("over-1")), create(job("over-2")),
                    send("POST", core + "/resourcequotas", {"metadata": {"name": "bad"}, "spec": {"hard": {"jobs": "lots"}}}), send("GET", core + "/resourcequotas/q", pick=lambda value: sorted(value["status"]["hard"])), send("DELETE", core + "/resourcequotas/q", pick=lambda value: value.get("kind"))]
    yield "reviews", [send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {"resourceAttributes": {"verb": "create", "group": "batch", "resource": "jobs", "namespace": namespace}}}, pick=lambda value: [value["status"].get("allowed"), sorted(value)]),
                      send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {}}), send("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"spec": {}}),
                      send("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"spec": {"namespace": namespace}}, pick=lambda value: sorted(value["status"]))]


def slow_template(meta):
    return {"metadata": meta, "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}


main()
