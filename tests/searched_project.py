"""A project of DVC with a model that takes as long as it is told to, to search its parameters."""

from tests.small_project import FILES, SCRIPTS

DEFINITIONS = """
stages:
  trace_code:
    cmd: python -m stages.trace_code
    params: [models, architectures]
    deps: [net, stages, requirements.lock]
    outs: [data/code]
  train:
    foreach: ${models}
    do:
      cmd: python -m stages.train ${item}
      params: [training]
      deps: ["data/code/train@${item}.json", "${dataset.root}"]
      metrics: ["metrics/${item}/train.json": {cache: false}]
  evaluate:
    foreach: ${models}
    do:
      cmd: python -m stages.evaluate ${item}
      params: [split]
      deps: [data/code/evaluate.json, "metrics/${item}/train.json"]
      outs: ["data/predictions/${item}.csv"]
      metrics: ["metrics/${item}/val.json": {cache: false}]
"""

PARAMETERS = """
models: [small]
ensembles: []
export: {models: [], ensembles: []}
architectures: {small: {backbone: none}}
dataset: {root: data/raw/clinic}
split: {seal: false}
training: {rate: 0.5, num_epochs: 3, pause_seconds: 0}
"""

TRAIN = """
    import json, os, sys, time
    from net.layers import activate
    from ruamel.yaml import YAML
    training = YAML(typ="safe").load(open("params.yaml"))["training"]
    folder = os.environ.get("LESIONS_RESUME_DIR", "state")
    os.makedirs(folder, exist_ok=True)
    state = f"{folder}/{training['rate']}.safetensors"
    history = []
    if os.path.exists(state):
        file = open(state, "rb")
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        history = json.loads(header["__metadata__"]["resume"])["state"]["history"]
    print(f"resuming after {len(history)}", flush=True)
    for epoch in range(len(history) + 1, training["num_epochs"] + 1):
        time.sleep(training["pause_seconds"])
        history.append({"epoch": epoch, "val": {"balanced_accuracy": training["rate"] * epoch / 1000}})
        header = json.dumps({"__metadata__": {"resume": json.dumps({"state": {"history": history}})}}).encode()
        open(f"{state}.new", "wb").write(len(header).to_bytes(8, "little") + header)
        os.replace(f"{state}.new", state)
    os.makedirs(f"metrics/{sys.argv[1]}", exist_ok=True)
    about = {"num_parameters": 10, "rate": training["rate"]}
    json.dump(about, open(f"metrics/{sys.argv[1]}/train.json", "w"))
    os.remove(state)
    """

EVALUATE = """
    import json, os, sys
    about = json.load(open(f"metrics/{sys.argv[1]}/train.json"))
    json.dump({"balanced_accuracy": about["rate"], "log_loss": 1}, open(f"metrics/{sys.argv[1]}/val.json", "w"))
    os.makedirs("data/predictions", exist_ok=True)
    open(f"data/predictions/{sys.argv[1]}.csv", "w").write("none")
    """

SEARCHED = {
    **{name: text for name, text in (FILES | SCRIPTS).items() if not name.startswith("stages/")},
    **{name: SCRIPTS[name] for name in ("stages/__init__.py", "stages/trace_code.py")},
    "dvc.yaml": DEFINITIONS,
    "params.yaml": PARAMETERS,
    "stages/train.py": TRAIN,
    "stages/evaluate.py": EVALUATE,
    ".gitignore": FILES[".gitignore"] + "/.search/\n/state/\n",
}
"""Its files; an epoch of the rate r has the balanced accuracy r · epoch / 1000."""
