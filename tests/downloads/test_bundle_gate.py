"""How many bodies are sent at once."""

from concurrent.futures import ThreadPoolExecutor

from downloads.bundles.gate import Gate


def test_two_a_user_and_thirty_two_in_all():
    gate = Gate()
    leaves = [gate.enter(user) for user in range(16) for _ in range(2)]
    assert all(leaves)
    assert gate.enter(99) is None
    leaves[0]()
    assert gate.enter(1) is None
    assert gate.enter(0) is not None


def test_leaving_twice_counts_once():
    gate = Gate(bodies=1)
    leave = gate.enter(1)
    leave()
    leave()
    assert gate.inside == 0
    assert gate.enter(1) is not None
    leave()
    assert gate.inside == 1


def test_many_threads_at_once_never_pass_the_limit():
    gate = Gate(bodies=5, bodies_a_user=5)
    with ThreadPoolExecutor(16) as pool:
        entered = [leave for leave in pool.map(lambda _: gate.enter(7), range(500)) if leave]
    assert len(entered) == 5
