"""What people type: a matrix in every form, and the lines of a sheet."""

FORMS = {
    "rows": "0.1 0.2; 0.3 -0.4",
    "rows with commas": "0.1, 0.2; 0.3, -0.4",
    "lines": "0.1 0.2\n0.3 -0.4\n",
    "a semicolon at the end": "0.1 0.2; 0.3 -0.4;",
    "json": "[[0.1, 0.2], [0.3, -0.4]]",
    "python with trailing commas": "[[0.1, 0.2,], [0.3, -0.4,],]",
    "tuples": "((0.1, 0.2), (0.3, -0.4))",
    "numpy print": "[[ 0.1  0.2]\n [ 0.3 -0.4]]",
    "numpy repr": "array([[ 0.1,  0.2],\n       [ 0.3, -0.4]], dtype=float32)",
    "np.array": "np.array([[0.1, 0.2], [0.3, -0.4]])",
    "torch print": "tensor([[ 0.1000,  0.2000],\n        [ 0.3000, -0.4000]], grad_fn=<TanhBackward0>)",
    "torch on a device": "tensor([[0.1, 0.2], [0.3, -0.4]], device='cuda:0', dtype=torch.float64)",
    "jax": "Array([[0.1, 0.2], [0.3, -0.4]], dtype=float32)",
    "tensorflow": "<tf.Tensor: shape=(2, 2), dtype=float32, numpy=\narray([[0.1, 0.2],\n [0.3, -0.4]], dtype=float32)>",
    "matlab": "[0.1 0.2; 0.3 -0.4]",
    "c": "{{0.1f, 0.2f}, {0.3f, -0.4f}}",
    "bmatrix": r"\begin{bmatrix} 0.1 & 0.2 \\ 0.3 & -0.4 \end{bmatrix}",
    "pmatrix over lines": "\\begin{pmatrix}\n0.1 & 0.2 \\\\\n0.3 & -0.4 \\\\\n\\end{pmatrix}",
    "array": r"\left[\begin{array}{cc} 0.1 & 0.2 \\ \hline 0.3 & - 0.4 \end{array}\right]",
    "dollars": r"$\begin{matrix} 0.1 & 0.2 \\ 0.3 & -0.4 \end{matrix}$",
    "spacing": r"\begin{bmatrix} 0.1 & 0.2 \\[2pt] 0.3 & -0.4 \end{bmatrix}",
    "bare cells": r"0.1 & 0.2 \\ 0.3 & -0.4",
    "transposed": r"\begin{bmatrix} 0.1 & 0.3 \\ 0.2 & -0.4 \end{bmatrix}^T",
    "transposed with top": r"\begin{bmatrix} 0.1 & 0.3 \\ 0.2 & -0.4 \end{bmatrix}^{\top}",
    "transposed in brackets": "[0.1 0.3; 0.2 -0.4]'",
    "transposed with a letter": "[[0.1, 0.3], [0.2, -0.4]]ᵀ",
    "full width": "［０．１，０．２；０．３，－０．４］",
    "chinese punctuation": "0.1，0.2；0.3，−0.4",
    "unicode minus": "0.1 0.2; 0.3 −0.4",
    "markdown": "| 0.1 | 0.2 |\n|----:|:---|\n| 0.3 | -0.4 |",
    "markdown with a rule above": "|---|---|\n| **0.1** | `0.2` |\n| 0.3 | -0.4 |",
    "a comment": "# [[0.1, 0.2],\n#  [0.3, -0.4]]",
    "points without zeros": ".1 .2; .3 -.4",
    "exponents": "1e-1 2E-1; 3.0e-01 -4e-1",
    "powers of ten": "1×10^{-1} 2·10^-1; 3*10^(-1) −4×10⁻¹",
    "latex powers": r"1\times10^{-1} 2\cdot 10^{-1}; 3\times 10^{-1} -4\times10^{-1}",
    "percent": r"10% 20%; 30\% -40%",
    "fractions": r"1/10 1/5; \frac{3}{10} -\frac{2}{5}",
    "zero width": "0.1\u200b 0.2; 0.3 -0.4",
    "about": "≈0.1 ~0.2; ≈0.3 -0.4",
}

SHEET = r"""
# from the sheet
cell: elman
W_{hx} = \begin{bmatrix} 0.1 & 0.2 \\
                         0.3 & 0.4 \end{bmatrix},
$\mathbf{W}_{hh} = \begin{pmatrix} 0.2 & 0.2 \\ 0.3 & 0.3 \end{pmatrix}$
b_h = [0.5, 0.6]^T;  h_{0} = 0     # zero state
x_1 = [2, 3]
W_{hq} = 0.7 0.8
b_q = 0.9.
"""
