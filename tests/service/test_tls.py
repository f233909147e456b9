"""Certificates: whole, readable, or an error that names the files."""

from pathlib import Path

import pytest
import trustme

from service.tls import Tls, Unusable, chosen, client_context, files, server_context


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("traces.example.com")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "cert.pem").write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
    return Tls(str(folder / "cert.pem"), str(folder / "key.pem"), str(folder / "ca.pem"))


def test_nothing_named_is_no_tls_and_half_a_pair_is_an_error() -> None:
    assert chosen(None, None, None) is None
    assert chosen("c", "k", None) == Tls("c", "k")
    for named in (("c", None, None), (None, "k", None), (None, None, "a")):
        with pytest.raises(ValueError, match="together"):
            chosen(*named)


def test_files_are_read_as_they_are(made: Tls) -> None:
    key, chain, authority = files(made)
    assert key == Path(made.key_file).read_bytes()
    assert chain == Path(made.cert_file).read_bytes()
    assert authority == Path(made.client_ca_file).read_bytes()
    assert files(Tls(made.cert_file, made.key_file))[2] is None


@pytest.mark.parametrize("read", [files, server_context])
def test_files_that_are_missing_or_do_not_fit_are_named(made: Tls, tmp_path: Path, read: object) -> None:
    assert callable(read)
    other = tmp_path / "other.pem"
    trustme.CA().issue_cert("x").private_key_pem.write_to_path(str(other))
    for wrong in (
        Tls(made.cert_file, str(other)),
        Tls(made.cert_file, str(tmp_path / "none")),
        Tls(str(other), str(other)),
    ):
        with pytest.raises(Unusable, match=r"\.pem"):
            read(wrong)
    with pytest.raises(Unusable, match="none"):
        client_context(Tls(str(tmp_path / "none"), ""))
