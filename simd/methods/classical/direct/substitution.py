"""From the factor to the solution, and the product with the matrix."""

import numpy as np

from simd.jit import compiled, compiled_with_free_sums
from simd.methods.classical.direct.fronts import BOUND, BOUND_AT, END, PANEL_AT, START
from simd.methods.classical.direct.grid import Float64, Int32, Int64


@compiled
def forward(
    nodes: Int64,
    table: Int64,
    order: Int32,
    boundary: Int32,
    panels: Float64,
    values: Float64,
    front: Float64,
) -> None:
    """Solve the lower half of the system, in place, from the first node to the last."""
    for node in nodes:
        start, own, bound = table[node, START], table[node, END] - table[node, START], table[node, BOUND]
        for i in range(own):
            front[i] = values[order[start + i]]
        front[own : own + bound] = 0
        first = table[node, PANEL_AT]
        for j in range(own):
            pivot = front[j] / panels[first]
            front[j] = pivot
            column = panels[first + 1 : first + own + bound - j]
            below = front[j + 1 : own + bound]  # a slice, or the loop is not vectorised
            for i in range(len(column)):
                below[i] -= column[i] * pivot
            first += own + bound + 1 - j
        for i in range(own):
            values[order[start + i]] = front[i]
        for i in range(bound):
            values[boundary[table[node, BOUND_AT] + i]] += front[own + i]


@compiled
def halves(nodes: Int64, table: Int64, order: Int32, panels: Float64, values: Float64) -> None:
    """Read off the solution of the lower half, which factoring has left in the last row of each panel."""
    for node in nodes:
        own, last = table[node, END] - table[node, START], table[node, PANEL_AT] - 1
        for j in range(own):
            last += own + table[node, BOUND] + 1 - j
            values[order[table[node, START] + j]] = panels[last]


@compiled_with_free_sums
def backward(
    nodes: Int64,
    table: Int64,
    order: Int32,
    boundary: Int32,
    panels: Float64,
    values: Float64,
    front: Float64,
) -> None:
    """Solve the upper half of the system, in place, from the last node to the first."""
    for node in nodes[::-1]:
        start, own, bound = table[node, START], table[node, END] - table[node, START], table[node, BOUND]
        for i in range(bound):
            front[own + i] = values[boundary[table[node, BOUND_AT] + i]]
        first = table[node, PANEL_AT] + own * (own + bound + 1) - own * (own - 1) // 2
        for j in range(own - 1, -1, -1):
            first -= own + bound + 1 - j
            column, below = panels[first + 1 : first + own + bound - j], front[j + 1 : own + bound]
            total = 0.0
            for i in range(len(column)):
                total += column[i] * below[i]
            slot = order[start + j]
            front[j] = (values[slot] - total) / panels[first]
            values[slot] = front[j]


@compiled
def multiply(addresses: Int32, slots: Int32, steps: Int64, rows: Float64, x: Float64) -> Float64:
    """Return the product of the symmetric matrix with a vector."""
    result = np.zeros(len(x))
    for slot in range(len(addresses)):
        address = addresses[slot]
        total = rows[slot, 0] * x[slot]
        for t in range(1, len(steps)):
            other = slots[address + steps[t]]
            if other >= 0:
                total += rows[slot, t] * x[other]
                result[other] += rows[slot, t] * x[slot]
        result[slot] += total
    return result


@compiled
def walk_residual(
    addresses: Int32, slots: Int32, steps: Int64, rows: Float64, rhs: Float64, x: Float64
) -> float:
    """Return by how much the equation of a pixel is off at most, its ties taken to sum to 1."""
    rest = rhs - rows[:, 0] * x
    degree = rows[:, 0].copy()
    for slot in range(len(addresses)):
        address = addresses[slot]
        for t in range(1, len(steps)):
            other = slots[address + steps[t]]
            if other >= 0:
                flow = rows[slot, t] * (x[other] - x[slot])
                rest[slot] -= flow
                rest[other] += flow
                degree[slot] -= rows[slot, t]
                degree[other] -= rows[slot, t]
    return float(np.max(np.abs(rest) / degree))
