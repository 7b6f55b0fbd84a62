"""sprig's functions on numbers. Integers are int64 and overflow as in Go; the float ones go through decimals, as sprig's do."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

from keywave.gotemplate import literals, quoting
from keywave.gotemplate.calling import Function, declared
from keywave.gotemplate.casting import real_number, whole_number
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.printing import show
from keywave.gotemplate.running import Run
from keywave.gotemplate.values import Int64, Slice, wrap64


def _int64(value: int) -> Int64:
    return Int64(wrap64(value))


def _add(_: Run, *values: Any) -> Int64:
    return _int64(sum(map(whole_number, values)))


def _mul(_: Run, first: Any, *values: Any) -> Int64:
    result = whole_number(first)
    for value in values:
        result = wrap64(result * whole_number(value))
    return Int64(result)


def _divided(one: Any, other: Any) -> tuple[int, int]:
    """Quotient and remainder, towards zero."""
    a, b = whole_number(one), whole_number(other)
    if not b:
        raise Refused("integer divide by zero")
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return wrap64(quotient), a - quotient * b


def _decimal(value: Any) -> Decimal:
    number = real_number(value)
    if not math.isfinite(number):
        raise Refused("cannot reckon with a number that is not finite")
    return Decimal(repr(number))


_QUOTIENT_DIGITS = 16


def _quotient(one: Decimal, other: Decimal) -> Decimal:
    """shopspring/decimal's Div: 16 places after the point, rounded half away from zero."""
    if not other:
        raise Refused("decimal division by 0")
    return (one / other).quantize(Decimal(1).scaleb(-_QUOTIENT_DIGITS), rounding="ROUND_HALF_UP")


def _decimals(operation: Callable[[Decimal, Decimal], Decimal]) -> Callable[..., float]:
    def reckoned(run: Run, first: Any, *values: Any) -> float:
        with localcontext() as context:
            context.prec = 2000
            result = _decimal(first)
            for value in values:
                run.spend()
                result = operation(result, _decimal(value))
            # A decimal has no negative zero.
            return float(result) if result else 0.0

    return reckoned


def _extreme(pick: Callable[[float, float], float]) -> Callable[..., float]:
    def found(_: Run, first: Any, *values: Any) -> float:
        result = real_number(first)
        for value in values:
            other = real_number(value)
            result = math.nan if math.isnan(result) or math.isnan(other) else pick(result, other)
        return result

    return found


def _round(_: Run, value: Any, places: int, on: float = 0.5, *more: float) -> float:
    number = real_number(value)
    try:
        power = math.pow(10, places)
    except OverflowError:
        power = math.inf
    digit = power * number
    if not math.isfinite(digit):
        return digit / power if power and not (math.isinf(digit) and math.isinf(power)) else math.nan
    fraction = math.modf(digit)[0]
    result = float(math.ceil(digit) if fraction >= on else math.floor(digit))
    result = math.copysign(result, digit) if result == 0 else result
    return result / power if power else math.nan if result == 0 else math.copysign(math.inf, result)


def _rounded(way: Callable[[float], int]) -> Callable[[Run, Any], float]:
    def done(_: Run, value: Any) -> float:
        number = real_number(value)
        return math.copysign(float(way(number)), number) if math.isfinite(number) else number

    return done


def _steps(run: Run, start: int, stop: int, step: int) -> Slice:
    if step == 0 or (stop < start) != (step < 0):
        return Slice([], "[]int")
    found = range(start, stop, step)
    # Not len(): that cannot count beyond what memory holds.
    run.items(max(0, (stop - start + step + (1 if step < 0 else -1)) // step))
    return Slice(found, "[]int")


def _seq(run: Run, *bounds: int) -> str:
    match bounds:
        case (end,):
            start, step = 1, 1
        case (start, end):
            step = 1
        case (start, step, end):
            if end < start and step > 0:
                return ""
        case _:
            return ""
    down = end < start
    if len(bounds) < 3:
        step = -1 if down else 1
    return " ".join(map(str, _steps(run, start, end + (-1 if down else 1), step)))


def _octal(_: Run, value: Any) -> Int64:
    number = literals.integer(show(value), 8)
    return Int64(number if number is not None and -(1 << 63) <= number < 1 << 63 else 0)


def _atoi(_: Run, text: str) -> int:
    number = literals.integer(text, 10)
    if number is None:
        return 0
    return max(-(1 << 63), min(number, (1 << 63) - 1))


def _random(run: Run, least: int, beyond: int) -> int:
    if beyond <= least:
        raise Refused("randInt needs a second number above the first")
    return run.outside.chance.randrange(least, beyond)


def _duration(_: Run, seconds: Any) -> str:
    count = 0
    if isinstance(seconds, Int64):
        count = int(seconds)
    elif type(seconds) is str:
        # Like strconv.ParseInt, too great a number counts as the greatest.
        count = max(-(1 << 63), min(literals.integer(seconds, 10) or 0, (1 << 63) - 1))
    return spelled(wrap64(count * 10**9))


def spelled(nanoseconds: int) -> str:
    """Go's time.Duration as text."""
    sign, left = ("-" if nanoseconds < 0 else ""), abs(nanoseconds)
    if not left:
        return "0s"
    if left < 10**9:
        unit, size = ("ns", 1) if left < 1000 else ("µs", 1000) if left < 10**6 else ("ms", 10**6)
        digits, point = quoting.digits_of(float(Decimal(left) / size))
        return sign + (digits.ljust(point, "0")[:point] + ("." + digits[point:] if len(digits) > point else "")) + unit
    whole, fraction = divmod(left, 10**9)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    tail = f".{fraction:09d}".rstrip("0").rstrip(".")
    text = f"{seconds}{tail}s"
    return sign + (f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}" if minutes else text)


FUNCTIONS: dict[str, Function] = {
    "atoi": declared("s", _atoi),
    "int": declared("a", lambda run, value: whole_number(value)),
    "int64": declared("a", lambda run, value: Int64(whole_number(value))),
    "float64": declared("a", lambda run, value: real_number(value)),
    "toDecimal": declared("a", _octal),
    "until": declared("i", lambda run, count: _steps(run, 0, count, -1 if count < 0 else 1)),
    "untilStep": declared("iii", _steps),
    "seq": declared("i*", _seq),
    "add1": declared("a", lambda run, value: _int64(whole_number(value) + 1)),
    "add": declared("a*", _add),
    "sub": declared("aa", lambda run, one, other: _int64(whole_number(one) - whole_number(other))),
    "div": declared("aa", lambda run, one, other: Int64(_divided(one, other)[0])),
    "mod": declared("aa", lambda run, one, other: Int64(_divided(one, other)[1])),
    "mul": declared("aa*", _mul),
    "randInt": declared("ii", _random),
    "add1f": declared("a", lambda run, value: _decimals(Decimal.__add__)(run, value, 1)),
    "addf": declared("a*", lambda run, *values: _decimals(Decimal.__add__)(run, 0.0, *values)),
    "subf": declared("aa*", _decimals(Decimal.__sub__)),
    "divf": declared("aa*", _decimals(_quotient)),
    "mulf": declared("aa*", _decimals(Decimal.__mul__)),
    "max": declared("aa*", lambda run, *values: Int64(max(map(whole_number, values)))),
    "biggest": declared("aa*", lambda run, *values: Int64(max(map(whole_number, values)))),
    "min": declared("aa*", lambda run, *values: Int64(min(map(whole_number, values)))),
    "maxf": declared("aa*", _extreme(max)),
    "minf": declared("aa*", _extreme(min)),
    "ceil": declared("a", _rounded(math.ceil)),
    "floor": declared("a", _rounded(math.floor)),
    "round": declared("aif*", _round),
    "duration": declared("a", _duration),
}
