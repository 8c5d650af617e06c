"""What a report's page shows, in tests."""

from outvoted.analysis.report.report import Report, Section


def shown(report: Report) -> list[Section]:
    return list(report.sections(lambda done, of: None))


def titles(report: Report) -> list[str]:
    return [section.title for section in shown(report)]
