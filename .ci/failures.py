"""Print what failed in the output of `go test -json`, and fail where a test was skipped."""

import json
import sys

output, failed, skipped, passed = {}, [], [], 0
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        event = json.loads(line)
        name = (event.get("Package", ""), event.get("Test", ""))
        if event["Action"] in ("output", "build-output"):
            output.setdefault(name, []).append(event.get("Output", ""))
        elif event["Action"] == "fail":
            failed.append(name)
        elif event["Action"] == "skip" and name[1]:
            skipped.append(name)
        elif event["Action"] == "pass" and name[1]:
            passed += 1

for name in failed:
    print("FAIL", *name)
    print("".join(output.get(name, [])))
for name in skipped:
    print("SKIPPED", *name, "".join(output.get(name, [])))
print(f"{passed} tests passed, {len(failed)} failed, {len(skipped)} were skipped")
sys.exit(1 if failed or skipped else 0)
