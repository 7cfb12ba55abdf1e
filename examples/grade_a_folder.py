"""Grade a folder of answers, and say what the class should hear about.

One file a person lies in the folder: text, JSON, a page of Word or HTML. Here the script writes three of them itself.
"""

from pathlib import Path

import rnncalc

problem = {"U": "0.5 -0.3; 0.8 0.2", "W": "0.1 0.4; -0.2 0.3", "b": "0.1 -0.1", "x": "1 0; -1 2"}
answers = {
    "Ada": "h_1 = 0.537 0.604\nh_2 = -0.607 -0.402",
    "Ben": "h_1 = 0.537 0.604\nh_2 = -0.788 -0.103",  # he took the transpose of W
    "Cleo": "h_1 = 0.600 0.700\nh_2 = -0.660 -0.410",  # she forgot tanh
}
folder = Path("answers")
folder.mkdir(exist_ok=True)
for name, text in answers.items():
    Path(folder, f"{name}.txt").write_text(text, encoding="utf-8")

gradebook = rnncalc.grade(problem, folder)
for name in answers:
    row = gradebook[name]
    print(name, row.verdict, row.points, *(mistake["id"] for mistake in row.results[""].mistakes[:1]))

Path("marks.csv").write_text(gradebook.text("csv"), encoding="utf-8")
Path("class.html").write_text(gradebook.report("html"), encoding="utf-8")  # what the class got wrong, and how often
