"""The value of training samples and a class of noise: what a sweep says about Fan & Yezzi, section 5.

- `results`: the figures of the trained networks, setting by setting;
- `rows`: tables 2 and 3, and a row for each noise;
- `series`: noises that differ in one parameter only (figs. 9 to 12);
- `selection_claims`, `noise_claims`: what the paper claims, put to these figures;
- `paper`: the paper's own numbers;
- `report`: all of it at once, with pictures.
"""

from outvoted.analysis.sweeps.training_value.report import NoiseReport, write_noise_report
from outvoted.analysis.sweeps.training_value.tables import noise_table, selection_table

__all__ = ["NoiseReport", "noise_table", "selection_table", "write_noise_report"]
