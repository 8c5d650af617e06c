"""What a landscape study leaves: findings, pictures, sections that work in a browser."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console
from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import DataSettings, Split
from outvoted.actors.data.formats import Iris
from outvoted.actors.networks import MLP, members
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.panel.peer import voter
from outvoted.actors.runs.run_folder import DataRecord, RunFolder, RunRecord, State
from outvoted.actors.studies.study_store import StudyStore, vote_rows
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import train, trained_member
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.page import Page, write_page
from outvoted.analysis.report.report import Plot, Report
from outvoted.analysis.studies.base import Ingredients, Study
from outvoted.analysis.studies.interpolation import report as interpolation
from outvoted.analysis.studies.interpolation.fields import edge_sequences, own_rows
from outvoted.analysis.studies.interpolation.study import InterpolationStudy
from outvoted.analysis.studies.kinds import open_study
from outvoted.analysis.studies.morphs import report as morphs
from outvoted.analysis.studies.morphs.between import Blend
from outvoted.analysis.studies.morphs.passages import morph_sequences, once, passages
from outvoted.analysis.studies.morphs.study import MorphStudy
from outvoted.analysis.studies.opened import MEAN, OpenedStudy
from outvoted.analysis.studies.roughness import LandscapeFindings, analyse
from tests.browser import console_errors

STUDIES: dict[str, Study] = {
    "morphs": MorphStudy(groups=2, sets=1, frames=4, between=Blend()),
    "interpolation": InterpolationStudy(groups=2, points=3),
}
FIGURES = {
    "morphs": {"frames.png", "lines.png", "surfaces.png", "dissent.png"},
    "interpolation": {"fields.png", "lines.png", "ternary.png"},
}
SEEN = (  # what each of the two menus changes
    "return [['x', 'y', 'z', 'a'], ['visible']].map((keys) =>"
    "  JSON.stringify(arguments[0].data.map((trace) => keys.map((key) => trace[key]))));"
)
CHOOSE_LAST = (
    "const place = arguments[0];"
    "return place._fullLayout.updatemenus.reduce((done, menu) => done.then(() =>"
    "  Plotly.update(place, ...menu.buttons.at(-1).args).then(() => null)), Promise.resolve(null));"
)
NETWORKS = (MLP(hidden=4), MLP(hidden=5), MLP(hidden=6))


def made(path: Path, study: Study, source: DataSettings | Iris) -> OpenedStudy:
    """Make a study's images, train a panel for one epoch and have it vote, all in this process."""
    data = datasets.load(source)
    train_few, test_few = (Split(one.images[:300], one.labels[:300]) for one in (data.train, data.test))
    few = replace(data, train=train_few, test=test_few)
    store = StudyStore(path, study.fields())
    panel = []
    for seed, network in enumerate(NETWORKS):
        epochs = train(network, Training(epochs=2), few, seed)
        panel.append(trained_member(network.label, "peer", network, seed, epochs))
    members.save(store.folder.peers, panel)
    store.write_images(study.images(Ingredients(data)))
    pixels = store.pixels()
    store.write_votes(vote_rows(one.name, voter(one, data.shape, data.classes).vote(pixels)) for one in panel)
    config = {
        "data": source.model_dump(mode="json"),
        "study": study.model_dump(mode="json"),
        "panel": PanelSettings(networks=NETWORKS).model_dump(mode="json"),
    }
    named = DataRecord(
        name=data.name, fingerprint=data.fingerprint, train=1, test=1, class_names=data.class_names
    )
    store.folder.write_record(
        RunRecord(name="land", kind="study", state=State.FINISHED, config=config, versions={}, data=named)
    )
    return open_study(OpenedRun(RunFolder(path)))


@pytest.fixture(scope="module", params=STUDIES)
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> OpenedStudy:
    source = DataSettings() if request.param == "morphs" else Iris()
    return made(tmp_path_factory.mktemp("land") / request.param, STUDIES[request.param], source)


@pytest.fixture(scope="module")
def found(study: OpenedStudy) -> LandscapeFindings:
    if isinstance(study.study, MorphStudy):
        return analyse(study, morph_sequences(study.images))
    own = own_rows(study, study.ballots.names, (0, 1, 2))
    return analyse(study, edge_sequences(study.images), own.correct)


@pytest.fixture(scope="module")
def shown(study: OpenedStudy) -> Report:
    return study.study.report(study)


def draw(shown: Report, folder: Path) -> None:
    for name, picture in shown.pictures.items():
        picture(folder / name)


def test_findings_are_plain_values(found: LandscapeFindings) -> None:
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [line["name"] for line in plain["networks"]] == ["mlp-4", "mlp-5", "mlp-6", MEAN]
    assert [line["name"] for line in plain["architectures"]] == ["mlp-4", "mlp-5", "mlp-6"]
    assert plain["dissent"] == pytest.approx((found.votes.dissent > 0).mean())


def test_a_tables_own_rows_are_put_to_the_panel(study: OpenedStudy, shown: Report) -> None:
    plain = dict(shown.summary)  # type: ignore[call-overload]
    if isinstance(study.study, MorphStudy):
        assert "accuracy_on_rows" not in plain
        return
    data = study.data
    images = np.concatenate([data.train.images, data.test.images])
    labels = np.concatenate([data.train.labels, data.test.labels])
    panel = members.load(study.store.folder.peers)
    answers = np.stack([voter(one, data.shape, data.classes).vote(images) for one in panel])
    correct = {one.name: (own.argmax(1) == labels).mean() for one, own in zip(panel, answers, strict=True)}
    mean = (answers.mean(0).argmax(1) == labels).mean()
    assert plain["accuracy_on_rows"] == pytest.approx({MEAN: mean, **correct})


def test_tables_fit_a_terminal(found: LandscapeFindings, tmp_path: Path) -> None:
    with (tmp_path / "said.txt").open("w") as file:
        console = Console(width=80, record=True, file=file)
        for table in found.tables():
            console.print(table)
    said = console.export_text()
    assert MEAN in said
    assert max(map(len, said.splitlines())) <= 80
    assert ("correct %" in said) == bool(found.correct)


def test_pictures_are_drawn(
    study: OpenedStudy, shown: Report, sketched: None, figures: list[Figure], tmp_path: Path
) -> None:
    draw(shown, tmp_path)
    kind = "morphs" if isinstance(study.study, MorphStudy) else "interpolation"
    assert {path.name for path in (tmp_path / "figures").iterdir()} == FIGURES[kind]
    if kind == "morphs":
        squares = [axes for axes in figures[-1].axes if axes.images]
        assert len(squares) == len(once(passages(study.images))) == 6


def test_where_a_figure_would_be_too_large_the_roughest_and_smoothest_are_kept(
    study: OpenedStudy, shown: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(morphs, "MOST_NUMBERS", 3 * 4 * 4 * 4 * 4)
    monkeypatch.setattr(interpolation, "MOST_NUMBERS", 3 * 5 * 4 * 4)
    section = list(shown.sections(lambda done, of: None))[1]
    (plot,) = (part for part in section.parts if isinstance(part, Plot))
    if isinstance(study.study, MorphStudy):
        assert len(plot.figure.layout.updatemenus[0].buttons) == 3
        assert "Of 6 passages, the 2 roughest and the 1 smoothest are drawn" in section.text
    else:
        assert len(plot.figure.layout.updatemenus) == 1  # there is one group; its networks are chosen
        assert "The first 1 of 2 groups" in plot.caption


def test_sections_work_in_a_browser(
    study: OpenedStudy, shown: Report, browser: Chrome, sketched: None, tmp_path: Path
) -> None:
    draw(shown, study.store.path)
    page = tmp_path / "report.html"
    write_page(Page("land", sections=list(shown.sections(lambda done, of: None))), page)
    browser.get(page.as_uri())
    places = browser.find_elements("css selector", "[data-plot]")
    assert len(places) == 1
    for place in places:
        browser.execute_script("arguments[0].scrollIntoView()", place)
        until_drawn = WebDriverWait(place, 30)
        until_drawn.until(lambda on: on.find_elements("class name", "updatemenu-header"))
        before = browser.execute_script(SEEN, place)
        browser.execute_script(CHOOSE_LAST, place)
        after = browser.execute_script(SEEN, place)
        assert [old != new for old, new in zip(before, after, strict=True)] == [True, True]
    assert console_errors(browser) == []
