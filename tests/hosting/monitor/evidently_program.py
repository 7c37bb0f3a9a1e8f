"""Run with Evidently: reads samples as JSON, writes its distances as JSON."""

import json
import sys

import pandas as pd
from evidently import Report
from evidently.metrics import ValueDrift

given = json.load(sys.stdin)
frames = [pd.DataFrame(given[name]) for name in ("now", "before")]
asked = [("number", "ks"), ("number", "psi"), ("word", "psi"), ("word", "chisquare")]
report = Report([ValueDrift(column=column, method=method) for column, method in asked])
metrics = report.run(*frames).dict()["metrics"]
json.dump([float(metric["value"]) for metric in metrics], sys.stdout)
