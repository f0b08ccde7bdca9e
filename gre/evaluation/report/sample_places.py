"""Country and continent of every sample of a run: from the run, else by the offline gazetteer."""

from dataclasses import replace

from gre.evaluation.runs.saved_run import SavedRun
from gre.geo.places import nearest_places

NAMES = ("country", "continent")


def with_places(run: SavedRun) -> SavedRun:
    """The same run, with country and continent among the groups of every sample.

    Runs that were written before these were recorded get them from the nearest town of the truth.
    """
    lacking = [p for p in run.predictions if not all(name in p.groups for name in NAMES)]
    if not lacking:
        return run
    places = iter(nearest_places([prediction.truth for prediction in lacking]))
    wanting = {id(prediction) for prediction in lacking}
    filled = []
    for prediction in run.predictions:
        if id(prediction) in wanting:
            place = next(places)
            found = {"country": place.country, "continent": place.continent}
            prediction = replace(prediction, groups={**found, **prediction.groups})
        filled.append(prediction)
    return replace(run, predictions=tuple(filled))
