"""The report of a temperature sweep: pictures, a table and claims, as in Bečková, Pócoš and Farkaš."""

from outvoted.analysis.sweeps.temperature.report import TemperatureReport, write_temperature_report

__all__ = ["TemperatureReport", "write_temperature_report"]
