import json
import tarfile

from lab import images


def test_an_archive_names_its_layers_by_their_content(tmp_path):
    program = tmp_path / "pause"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    layer, archive = tmp_path / "layer", tmp_path / "image.tar"
    images._layer(layer, {"usr/bin/pause": program})
    images._archive(archive, "lab.local/pause:1", [layer], {"Entrypoint": ["/usr/bin/pause"]})
    with tarfile.open(archive) as opened:
        manifest = json.load(opened.extractfile("manifest.json"))[0]
        config = json.load(opened.extractfile(manifest["Config"]))
        assert manifest["RepoTags"] == ["lab.local/pause:1"]
        assert config["rootfs"]["diff_ids"] == [f"sha256:{name.removesuffix('.tar')}" for name in manifest["Layers"]]
        assert config["config"]["Entrypoint"] == ["/usr/bin/pause"]
        with tarfile.open(fileobj=opened.extractfile(manifest["Layers"][0])) as inner:
            assert [(member.name, member.uid, oct(member.mode & 0o777)) for member in inner] == [
                ("usr", 0, "0o755"), ("usr/bin", 0, "0o755"), ("usr/bin/pause", 0, "0o755")]
