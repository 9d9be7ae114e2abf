"""Judges the files named on standard input, one a line, by CleanVision. Prints one JSON document."""

import json
import os
import sys
import time
from importlib.metadata import version

from cleanvision import Imagelab
from cleanvision.issue_managers.duplicate_issue_manager import get_hash
from PIL import Image

SCORES = ["dark", "light", "odd_aspect_ratio", "low_information", "blurry", "grayscale", "odd_size"]
SETS = ["exact_duplicates", "near_duplicates"]
PACKAGES = ["cleanvision", "pillow", "numpy", "scipy", "imagehash"]


def audit(paths, jobs):
    lab = Imagelab(filepaths=paths, verbose=False)
    started = time.perf_counter()
    lab.find_issues(n_jobs=jobs, verbose=False)
    find_issues_s = time.perf_counter() - started
    files = {}
    for path, row in lab.issues.iterrows():
        files[os.path.basename(path)] = {
            issue: {"score": float(row[f"{issue}_score"]), "found": bool(row[f"is_{issue}_issue"])}
            for issue in SCORES
        }
    # CleanVision does not keep the hashes.
    for path in paths:
        with Image.open(path) as image:
            files[os.path.basename(path)]["phash"] = get_hash(image, {"hash_type": "phash", "hash_size": 8})
    sets = {
        issue: sorted(sorted(os.path.basename(path) for path in found) for found in lab.info[issue]["sets"])
        for issue in SETS
    }
    return {"files": files, "sets": sets, "findIssuesS": find_issues_s}


if __name__ == "__main__":
    output, sys.stdout = sys.stdout, sys.stderr
    paths = sys.stdin.read().splitlines()
    answer = audit(paths, int(sys.argv[1]))
    answer["versions"] = {package: version(package) for package in PACKAGES}
    json.dump(answer, output)
