"""Names of temperatures."""


def temperature_name(temperature: float) -> str:
    """Write a temperature as the paper does: 1/64 for 0.015625, 16 for 16, 0.3 for 0.3."""
    inverse = 1 / temperature
    return f"1/{inverse:g}" if inverse > 1 and inverse == round(inverse) else f"{temperature:g}"
