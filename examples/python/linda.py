"""A client of effect-linda's HTTP API. Needs Python 3.8 and nothing else."""
import contextlib
import json
import sys
import urllib.error
import urllib.request
import uuid

ANY = {"?": "any"}


class Space:
    def __init__(self, url, name, token=None):
        self.url = f"{url}/spaces/{name}"
        self.headers = {"content-type": "application/json"}
        if token:
            self.headers["authorization"] = f"Bearer {token}"

    def _post(self, path, body=None, **headers):
        data = json.dumps(body or {}).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data, {**self.headers, **headers})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from None

    def out(self, *tuple, **options):
        """Puts a tuple, once: it may be tried again with the same key."""
        return self._post("out", {"tuple": tuple, **options}, **{"idempotency-key": str(uuid.uuid4())})

    def rd(self, *pattern, wait=20000):
        found = self._post("rd", {"pattern": pattern, "wait": wait})
        return found and found["tuple"]

    def count(self, *pattern):
        return self._post("count", {"pattern": pattern})["count"]

    @contextlib.contextmanager
    def take(self, *pattern, wait=20000, lease=30000):
        """Takes a tuple for the block: it is gone if that ends well, and back if it raises. None if there is none."""
        held = self._post("in", {"pattern": pattern, "wait": wait, "lease": lease})
        try:
            yield held and held["tuple"]
        except BaseException:
            if held:
                self._post(f"holds/{held['hold']}/giveBack")
            raise
        if held:
            self._post(f"holds/{held['hold']}/confirm")


if __name__ == "__main__":
    jobs = Space(sys.argv[1], "jobs")
    jobs.out("job", 7)
    with jobs.take("job", {"?": {"between": [1, 9]}}) as (_, n):
        jobs.out("done", n, n * n)
    print(json.dumps(jobs.rd("done", 7, ANY)))
