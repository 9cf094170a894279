"""Uploading again what a remote lacks or has wrong."""

from collections.abc import Iterable

from lesions.errors import InputError
from lesions.stage.progress import show_progress
from lesions.storage.faults import Survey, read_objects
from lesions.storage.objects import FOLDER


def mend_remote(of_remote: Survey, of_cache: Survey) -> int:
    """Upload each object that is missing or wrong on the remote and whole in the cache; return how many.

    `dvc push` does not: it leaves what is there as it is, right or wrong, and takes it that all files of a folder
    whose list is there are there too. The lists come last, so that none is there without its files.

    Raises
    ------
    InputError
        If an object reads back as something else than was uploaded.
    """
    wanted = {name for name in of_remote.faults if of_cache.has(name)}
    read_objects(of_cache, wanted)
    whole = {name for name in wanted if name in of_cache.whole}
    lists = {name for name in whole if name.endswith(FOLDER)}
    for names in (whole - lists, lists):
        _upload(of_remote, of_cache, names)
    for name in whole:
        of_remote.entries[name] = of_cache.entries[name]
        of_remote.whole.add(name)
        del of_remote.faults[name]
    return len(whole)


def _upload(of_remote: Survey, of_cache: Survey, names: Iterable[str]) -> None:
    remote, cache = of_remote.place, of_cache.place

    def upload(name: str) -> bool:
        target = remote.database.oid_to_path(name)
        remote.database.makedirs(remote.database.fs.parent(target))
        remote.database.fs.put_file(cache.database.oid_to_path(name), target)
        remote.database.protect(target)
        return remote.hash_object(name, of_cache.find_size(name) or 0) == name.removesuffix(FOLDER)

    names = sorted(names)
    uploaded = remote.run(names, upload)
    for name, is_whole in show_progress(uploaded, f"uploading to {remote.name}", total=len(names)):
        if not is_whole:
            raise InputError(
                f"{remote.locate(name)} was uploaded and reads back as something else: do not rely on this remote"
            )
