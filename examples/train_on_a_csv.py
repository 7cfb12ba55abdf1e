"""Train on a table, forecast a day ahead, and score the model from Python.

The commands are those of a shell: `rnncalc train --data river.csv --target level …`. The table here is made up.
"""

import csv
import datetime
import subprocess
import sys

import numpy as np

import rnncalc


def command(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "rnncalc", *words], check=True)


rng = np.random.default_rng(0)
rain = rng.gamma(0.5, 2, size=600)
flow = np.concatenate([[0], 0.8 ** np.arange(30)])  # rain arrives in the river a day later, and runs off slowly
level = np.convolve(rain, flow)[:600] + rng.normal(0, 0.05, 600)
with open("river.csv", "w", newline="", encoding="utf-8") as file:
    table = csv.writer(file)
    table.writerow(["day", "rain", "level"])
    for day, row in enumerate(zip(rain.round(2), level.round(2))):
        table.writerow([datetime.date(2024, 1, 1) + datetime.timedelta(day), *row])

command(
    *"train --data river.csv --time day --target level --ahead 1 --window 50 --stride 10 --val 0.2".split(),
    *"--cell gru --hidden 16 --epochs 40 --batch 8 --lr 0.02 --seed 1 -o river.safetensors".split(),
)
command(*"predict river.safetensors river.csv -o forecast.csv".split())

model = rnncalc.load_model("river.safetensors")
forecast = model.predict(np.column_stack([rain, level]).round(2))[:, 0]
error = np.abs(forecast[480:-1] - level[481:]).mean()
stays = np.abs(level[480:-1] - level[481:]).mean()
print(f"a day ahead, over the days put aside: wrong by {error:.2f}; by {stays:.2f} if the level stayed")
