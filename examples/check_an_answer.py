"""Check an answer that was worked by hand, and learn why it is wrong.

Each `# %%` begins a cell: VS Code and Jupyter (with Jupytext) open this file as a notebook.
"""

# %%
import rnncalc

problem = rnncalc.problem(
    U=[[0.5, -0.3], [0.8, 0.2]],
    W=[[0.1, 0.4], [-0.2, 0.3]],
    b=[0.1, -0.1],
    x=[[1, 0], [-1, 2]],
)

# %% What is right, step by step. In a notebook, `problem.forward()` alone shows the equations and the table.
print(problem.forward().text(work=True))

# %% The answer with the digits that were written down: is it right, and if not, why?
answer = problem.check(h=[["0.537", "0.604"], ["-0.788", "-0.103"]])
print(answer.text())
