# SPDX-License-Identifier: MIT
"""Proposes the trials of a batch: python -um guild.propose

With `--check ALGORITHM` it only says, by a sentence and exit status 1, when what the algorithm needs
is not installed; nothing is imported.

It is told what to search and what became of trials, and is asked for the next one: a JSON object a
line on standard input. It answers with one on standard output to `begin` and `ask`. What it keeps
is what it was told: another one that is told the same proposes the same.

    {"begin": {"algorithm": "gp", "space": [...], "flags": {...}, "seed": 1}}
        => {"ready": true} or {"error": "a sentence"}
    {"tell": {"id": "...", "point": [0.1, 2], "value": 0.5, "seconds": 3, "state": "complete",
              "own": true}}
        The state is running, complete or failed; the value of a trial is to be small, and null when
        it has none. Trials of other batches are not its own.
    {"ask": {"number": 3, "random": false}}
        => {"point": [0.2, 1]} or {"error": "a sentence"}

A dimension of the space is {"name": "lr", "kind": "real", "low": 0.1, "high": 1}: real and log (in
the logarithm) are floats, integer has both ends, choice has "choices" in their place. A point has a
number for each: the value, or the place of the choice.
"""

import importlib
import importlib.util
import json
import math
import os
import random
import signal
import sys
import warnings


class Failure(Exception):
    """A sentence for the user."""


class Trial:
    def __init__(self, told):
        self.point = told["point"]
        self.value = told["value"]
        self.seconds = told["seconds"]
        self.state = told["state"]
        if self.state == "complete" and not is_finite(self.value):
            self.state = "failed"


def is_finite(value):
    return value is not None and math.isfinite(value)


def seed_of(seed, number):
    """A seed for each trial, so that nothing hangs on how many were asked for before."""
    if number == 0:
        return seed % 2**32
    return random.Random(f"{seed}:{number}").getrandbits(32)


# What has to be there: modules of which the first that is there is taken, and their package. Guild
# AI brings a copy of scikit-optimize along.
SKOPT = (["skopt", "guild._skopt"], "scikit-optimize")
OPTUNA = (["optuna"], "optuna")
CMAES = (["cmaes"], "cmaes")


def lacks(package, algorithm, why):
    return Failure(
        f"'{algorithm}' needs {package}, which {why}: install it with "
        f"'{sys.executable} -m pip install {package}'"
    )


def is_installed(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def need(library, algorithm):
    names, package = library
    found = [name for name in names if is_installed(name)]
    for name in found:
        try:
            return importlib.import_module(name)
        except ImportError as e:
            why = f"cannot be imported ({e})"
    raise lacks(package, algorithm, why if found else "is not installed")


# --- scikit-optimize ------------------------------------------------------------------------


class Skopt:
    """gp, forest and gbrt. Each proposal is a search of its own, over all that is known."""

    def __init__(self, begin):
        self.algorithm = begin["algorithm"]
        self.flags = begin["flags"]
        self.seed = begin["seed"]
        self.library = need(SKOPT, self.algorithm)
        # Releases of numpy that are newer than the library call it isin only.
        numpy = importlib.import_module("numpy")
        if not hasattr(numpy, "in1d"):
            numpy.in1d = numpy.isin
        self.space = importlib.import_module(self.library.__name__ + ".space")
        self.dimensions = [self.dimension(item) for item in begin["space"]]
        self.trials = {}

    def dimension(self, item):
        if item["kind"] == "choice":
            return self.space.Categorical(list(range(len(item["choices"]))))
        if item["kind"] == "integer":
            return self.space.Integer(item["low"], item["high"])
        prior = "log-uniform" if item["kind"] == "log" else "uniform"
        return self.space.Real(item["low"], item["high"], prior=prior)

    def tell(self, told):
        self.trials[told["id"]] = Trial(told)

    def ask(self, number, by_chance):
        seed = seed_of(self.seed, number)
        known = self.known()
        if by_chance or not known:
            return self.space.Space(self.dimensions).rvs(random_state=seed)[0]
        options = {
            "x0": [point for point, _ in known],
            "y0": [value for _, value in known],
            "n_calls": 1,
            "kappa": self.flags["kappa"],
            "xi": self.flags["xi"],
            "random_state": seed,
        }
        if self.algorithm == "gp":
            options["acq_func"] = self.flags["acq-func"]
            options["noise"] = self.flags["noise"]
        else:
            options["base_estimator"] = self.trees(seed)
        return self.minimize(options)

    def trees(self, seed):
        """What the library would take, in a way that all releases of scikit-learn take."""
        learning = importlib.import_module(self.library.__name__ + ".learning")
        if self.algorithm == "forest":
            return learning.ExtraTreesRegressor(
                n_estimators=100, min_samples_leaf=3, max_features=1.0, random_state=seed
            )
        ensemble = importlib.import_module("sklearn.ensemble")
        return as_regressor(learning.GradientBoostingQuantileRegressor)(
            base_estimator=ensemble.GradientBoostingRegressor(n_estimators=30, loss="quantile"),
            random_state=seed,
        )

    def known(self):
        """Points and their values; one that still runs may well be as good as the best."""
        known = [trial for trial in self.trials.values() if trial.state == "complete"]
        if not known:
            return []
        best = min(known, key=lambda trial: trial.value)
        lies = [trial for trial in self.trials.values() if trial.state == "running"]
        return [(trial.point, self.value(trial)) for trial in known] + [
            (trial.point, self.value(best)) for trial in lies
        ]

    def value(self, trial):
        if self.is_timed():
            return (trial.value, max(trial.seconds, 1e-6))
        return trial.value

    def is_timed(self):
        return self.algorithm == "gp" and self.flags["acq-func"] in ("EIps", "PIps")

    def minimize(self, options):
        function = getattr(self.library, self.algorithm + "_minimize")
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        starts = "n_initial_points" if "n_initial_points" in names else "n_random_starts"
        options[starts] = 0
        result = (0.0, 1.0) if self.is_timed() else 0.0
        return function(lambda point: result, self.dimensions, **options).x_iters[-1]


def as_regressor(kind):
    """The same class, which newer releases of scikit-learn do not take for what it is."""

    class Regressor(kind):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.estimator_type = "regressor"
            return tags

    return Regressor


# --- Optuna ---------------------------------------------------------------------------------


class Optuna:
    """tpe and cmaes: a study that is told of trials as if it had proposed them."""

    def __init__(self, begin):
        self.algorithm = begin["algorithm"]
        self.flags = begin["flags"]
        self.seed = begin["seed"]
        self.library = need(OPTUNA, self.algorithm)
        self.samplers = self.library.samplers
        self.library.logging.set_verbosity(self.library.logging.ERROR)
        if self.algorithm == "cmaes":
            need(CMAES, self.algorithm)
            check_numbers(begin["space"])
        self.names = [item["name"] for item in begin["space"]]
        self.dimensions = {item["name"]: self.dimension(item) for item in begin["space"]}
        self.study = self.library.create_study(sampler=self.by_chance(0))
        self.failed = self.library.trial.TrialState.FAIL
        self.running = {}
        self.asked = 0
        self.entered = 0

    def dimension(self, item):
        distributions = self.library.distributions
        if item["kind"] == "choice":
            return distributions.CategoricalDistribution(list(range(len(item["choices"]))))
        if item["kind"] == "integer":
            return distributions.IntDistribution(item["low"], item["high"])
        return distributions.FloatDistribution(
            item["low"], item["high"], log=item["kind"] == "log"
        )

    def by_chance(self, seed):
        return self.samplers.RandomSampler(seed=seed)

    def sampler(self, seed):
        if self.algorithm == "cmaes":
            return self.samplers.CmaEsSampler(
                seed=seed, popsize=self.flags.get("population"), warn_independent_sampling=False
            )
        return self.samplers.TPESampler(
            seed=seed,
            n_startup_trials=0,
            n_ei_candidates=self.flags["candidates"],
            multivariate=bool(self.flags["multivariate"]),
            constant_liar=True,
        )

    def tell(self, told):
        trial = Trial(told)
        entry = self.running.pop(told["id"], None) or self.enter(trial.point, told["own"])
        if trial.state == "running":
            self.running[told["id"]] = entry
        elif trial.state == "complete":
            self.study.tell(entry, trial.value)
        else:
            self.study.tell(entry, state=self.failed)

    def enter(self, point, own):
        """A trial of the study at this point, whoever has chosen it."""
        if own:
            self.entered += 1
            # The study's own numbers go on as if it had been asked for each.
            while self.asked < self.entered:
                self.draw(self.by_chance(0))
        seed = seed_of(self.seed, self.entered)
        self.study.enqueue_trial(dict(zip(self.names, point)))
        # An evolution keeps with a trial which generation it is of.
        is_evolution = self.algorithm == "cmaes"
        self.study.sampler = self.sampler(seed) if is_evolution else self.by_chance(seed)
        return self.study.ask(self.dimensions)

    def ask(self, number, by_chance):
        seed = seed_of(self.seed, number)
        return self.draw(self.by_chance(seed) if by_chance else self.sampler(seed))

    def draw(self, sampler):
        self.asked += 1
        self.study.sampler = sampler
        trial = self.study.ask(self.dimensions)
        # It comes back by tell(), with the point that became of it.
        self.study.tell(trial, state=self.failed)
        return [trial.params[name] for name in self.names]


def check_numbers(space):
    """Optuna's strategy is one of two numbers or more, and would draw all else by chance."""
    choices = [item["name"] for item in space if item["kind"] == "choice"]
    if choices:
        raise Failure(
            f"'cmaes' searches numbers only, and {', '.join(choices)} "
            f"{'is a choice' if len(choices) == 1 else 'are choices'}: use 'tpe', or a range "
            "NAME=[MIN:MAX]"
        )
    if len(space) < 2:
        raise Failure(
            f"'cmaes' searches two flags or more, and {space[0]['name']} is the only one: use "
            "'tpe' or 'gp'"
        )


# --- lines ----------------------------------------------------------------------------------


NEEDS = {
    "gp": [SKOPT], "forest": [SKOPT], "gbrt": [SKOPT], "tpe": [OPTUNA], "cmaes": [OPTUNA, CMAES]
}
ALGORITHMS = {"gp": Skopt, "forest": Skopt, "gbrt": Skopt, "tpe": Optuna, "cmaes": Optuna}


def answer(message, proposer):
    """The proposer from now on, and the answer; None for none."""
    if "begin" in message:
        begin = message["begin"]
        return ALGORITHMS[begin["algorithm"]](begin), {"ready": True}
    if "tell" in message:
        proposer.tell(message["tell"])
        return proposer, None
    ask = message["ask"]
    point = proposer.ask(ask["number"], ask["random"])
    return proposer, {"point": [plain(item) for item in point]}


def plain(number):
    """Of numpy's types Python's."""
    return number.item() if hasattr(number, "item") else number


def serve(lines, out):
    proposer = None
    for line in lines:
        try:
            proposer, reply = answer(json.loads(line), proposer)
        except Failure as e:
            reply = {"error": str(e)}
        except Exception as e:
            reply = {"error": f"{type(e).__name__}: {e}"}
        if reply is not None:
            out.write(json.dumps(reply, ensure_ascii=False) + "\n")
            out.flush()


def check(algorithm):
    for names, package in NEEDS[algorithm]:
        if not any(map(is_installed, names)):
            sys.exit(str(lacks(package, algorithm, "is not installed")))


def main():
    if sys.argv[1:2] == ["--check"]:
        return check(sys.argv[2])
    # A signal to the batch is the batch's: when it ends, there are no more lines.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    # The matrices are small, and the processors are the trials'.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    # Whatever libraries print, it is no answer.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, out)


if __name__ == "__main__":
    main()
