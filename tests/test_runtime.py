"""The native runtime: threads, fork, memory, instruction sets. Needs no oracle, so it also runs on sanitizer builds."""

import functools
import gc
import os
import queue
import random
import subprocess
import sys
import threading

import numpy as np
import pytest

import rushlight
from rushlight import __config__ as config
from rushlight import _native, memory, threads

MiB = 2**20
FLOAT32, UINT8 = np.dtype(np.float32).num, np.dtype(np.uint8).num
SANITIZER = _native.build_info()["sanitizer"]
no_cache_under_asan = pytest.mark.skipif(
    "address" in SANITIZER, reason="AddressSanitizer builds take each block from malloc"
)


@pytest.fixture(autouse=True)
def restore():
    count = _native.get_num_threads()
    yield
    _native.set_num_threads(count)
    _native.set_memory_cap(0)


def alone(test):
    """Runs a test in a process of its own: it compares byte counts, and other tests leave threads that free late."""

    @functools.wraps(test)
    def wrapper():
        if os.environ.get("RUSHLIGHT_TEST_ALONE") == test.__name__:
            test()
            return
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{__file__}::{test.__name__}"],
            env={**os.environ, "RUSHLIGHT_TEST_ALONE": test.__name__},
            cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return wrapper


def run_python(code, **environment):
    """Standard output of `code` in a fresh interpreter."""
    env = {k: v for k, v in os.environ.items() if k not in ("RUSHLIGHT_NUM_THREADS", "OMP_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**env, **environment},
        cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def in_child(work):
    """Exit status of `work()` in a forked child: 0 if it returned, else 1."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def check_regions(repeats=20, tasks=50):
    for _ in range(repeats):
        assert _native.task_counts(tasks) == [1] * tasks


# ---- threads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 8, 33])
@pytest.mark.parametrize("tasks", [0, 1, 2, 7, 1000])
def test_every_task_runs_once(count, tasks):
    _native.set_num_threads(count)
    check_regions(5, tasks)


def test_several_callers_at_once():
    _native.set_num_threads(4)
    errors = []

    def call():
        try:
            check_regions(200)
        except AssertionError as error:
            errors.append(error)

    callers = [threading.Thread(target=call) for _ in range(6)]
    for caller in callers:
        caller.start()
    for count in (1, 5, 2, 4) * 20:  # changing the number meanwhile is allowed
        _native.set_num_threads(count)
    for caller in callers:
        caller.join()
    assert not errors


def test_sleeping_workers_wake():
    import time

    _native.set_num_threads(4)
    for _ in range(5):
        check_regions(1)
        time.sleep(0.005)  # far longer than the workers spin


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs sched_setaffinity")
@pytest.mark.skipif(len(getattr(os, "sched_getaffinity", lambda _: ())(0)) < 2, reason="needs two cores")
def test_sleeping_workers_leave_the_callers_core():
    code = """
import os, time
from rushlight import _native
before = set(os.listdir("/proc/self/task"))
allowed = os.sched_getaffinity(0)
_native.set_num_threads(3)
def workers():
    assert _native.task_counts(50) == [1] * 50
    time.sleep(0.05)  # they are asleep by then
    assert os.sched_getaffinity(0) == allowed
    return [os.sched_getaffinity(int(t)) for t in set(os.listdir("/proc/self/task")) - before]
found = workers()
assert len(found) == 2 and all(len(cores) == len(allowed) - 1 and cores < allowed for cores in found), found
allowed = {min(allowed)}  # the caller has one core only: there is no other to go to
os.sched_setaffinity(0, allowed)
assert all(cores for cores in workers())
print("ok")
"""
    assert run_python(code) == "ok"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs sched_setaffinity")
@pytest.mark.skipif(len(getattr(os, "sched_getaffinity", lambda _: ())(0)) < 2, reason="needs two cores")
def test_waking_workers_leave_the_callers_core():
    # The worker falls asleep beside a caller on one core and is woken by it from the other: it has to move.
    code = """
import os, time
import numpy as np
from rushlight import _native

first, second = sorted(os.sched_getaffinity(0))[:2]
a = np.ones((900, 900), "float32")
out = np.empty_like(a)

def call_from(core):
    os.sched_setaffinity(0, {core})
    os.sched_setaffinity(0, {first, second})
    _native.matmul(a, a, out)  # some milliseconds in one region, so that the worker gets to run
    return os.sched_getaffinity(int(worker))

before = set(os.listdir("/proc/self/task"))
_native.set_num_threads(2)
_native.matmul(a, a, out)
worker, = set(os.listdir("/proc/self/task")) - before
for attempt in range(30):  # the system may move the caller meanwhile
    call_from(first)
    time.sleep(0.02)
    if os.sched_getaffinity(int(worker)) == {second} and call_from(second) == {first}:
        break
else:
    raise SystemExit("the worker stayed on its caller's core")
"""
    run_python(code)


def test_set_num_threads_errors():
    for bad in ("2", 1.5, None, True):
        with pytest.raises(RuntimeError, match=f"expects an int, but got {type(bad).__name__}"):
            threads.set_num_threads(bad)
    for bad in (0, -3):
        with pytest.raises(RuntimeError, match="positive integer"):
            threads.set_num_threads(bad)
    with pytest.raises(ValueError, match="Overflow"):
        threads.set_num_threads(2**40)
    with pytest.raises(RuntimeError, match="set_num_interop_threads expects a positive integer"):
        threads.set_num_interop_threads(0)
    threads.set_num_threads(3)
    assert threads.get_num_threads() == 3


def test_environment_variables():
    code = "from rushlight import _native; print(_native.get_num_threads())"
    assert run_python(code, RUSHLIGHT_NUM_THREADS="5", OMP_NUM_THREADS="2") == "5"
    assert run_python(code, OMP_NUM_THREADS="2") == "2"
    for nonsense in ("", "none", "0", "-4"):
        assert int(run_python(code, RUSHLIGHT_NUM_THREADS=nonsense)) >= 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs sched_setaffinity")
def test_affinity_limits_the_default():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from rushlight import _native; print(_native.get_num_threads(), _native.available_cores())"
    )
    assert run_python(code) == "1 1"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    "groups, files, cores",
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 0.0),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "200000 100000\n"}, 2.0),
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "200000 100000\n"}, 2.0),
        ("0::/not/mounted/here\n", {"cpu.max": "50000 100000\n"}, 0.5),
        (
            "5:cpu,cpuacct:/pod\n4:memory:/pod\n",
            {"cpu,cpuacct/pod/cpu.cfs_quota_us": "300000\n", "cpu,cpuacct/pod/cpu.cfs_period_us": "100000\n"},
            3.0,
        ),
        ("5:cpu:/pod\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.0),
        ("3:cpuset:/\n", {"cpu.max": "100000 100000\n"}, 0.0),
        ("garbage\n::\n0::\n", {"cpu.max": "x y z\n"}, 0.0),
    ],
)
def test_cgroup_quota(tmp_path, groups, files, cores):
    write(tmp_path / "proc/self/cgroup", groups)
    for name, text in files.items():
        write(tmp_path / "sys/fs/cgroup" / name, text)
    assert _native.cpu_quota(str(tmp_path)) == cores


def test_cgroup_absent(tmp_path):
    assert _native.cpu_quota(str(tmp_path)) == 0.0


# ---- fork ------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif("thread" in SANITIZER, reason="ThreadSanitizer does not follow threads of a forked child")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
class TestFork:
    def test_child_has_a_pool(self):
        _native.set_num_threads(3)
        check_regions(3)
        assert in_child(check_regions) == 0
        check_regions(3)

    def test_fork_while_regions_run(self):
        _native.set_num_threads(3)
        stop = threading.Event()

        def busy():
            while not stop.is_set():
                _native.task_counts(200)
                _native.empty((100_000,), FLOAT32)

        callers = [threading.Thread(target=busy) for _ in range(3)]
        for caller in callers:
            caller.start()
        try:
            for _ in range(10):
                assert in_child(lambda: (check_regions(5), exercise_memory(seed=1, steps=50))) == 0
        finally:
            stop.set()
            for caller in callers:
                caller.join()

    def test_grandchild(self):
        check_regions(1)

        def child():
            check_regions(1)
            assert in_child(check_regions) == 0

        assert in_child(child) == 0


def test_exit_with_live_pool():
    code = "from rushlight import _native; _native.set_num_threads(4); print(sum(_native.task_counts(100)))"
    assert run_python(code) == "100"


# ---- memory ----------------------------------------------------------------------------------------------------------


def random_size(r):
    return r.choice([r.randrange(0, 9_000), r.randrange(8_000, 400_000), r.randrange(400_000, 5_000_000)])


def exercise_memory(seed, steps, handed=None):
    """Random arrays, filled, checked before they go, some handed to other threads to be freed there."""
    r = random.Random(seed)
    live = []
    for _ in range(steps):
        block = _native.empty((random_size(r),), UINT8)
        assert block.ctypes.data % 64 == 0
        mark = r.randrange(256)
        block[:64] = block[-64:] = mark
        live.append((block, mark))
        if len(live) > 20:
            block, mark = live.pop(r.randrange(len(live)))
            assert (block[:64] == mark).all() and (block[-64:] == mark).all()
            if handed is not None:
                handed.put((block, mark))
        if handed is not None and r.random() < 0.5 and not handed.empty():
            block, mark = handed.get()
            assert (block[:64] == mark).all() and (block[-64:] == mark).all()
        if r.random() < 0.01:
            _native.empty_cache()


@alone
def test_blocks_never_overlap():
    before = _native.memory_stats()["allocated_bytes"]
    handed, errors = queue.Queue(), []

    def work(seed):
        try:
            exercise_memory(seed, 400, handed)
        except AssertionError as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not errors
    while not handed.empty():
        handed.get()
    gc.collect()
    assert _native.memory_stats()["allocated_bytes"] == before


@no_cache_under_asan
@pytest.mark.parametrize(
    "size", [1, 64, 65, 600, 5000, 8192, 8193, 100_000, 2**20, 15 * 2**17, 15 * 2**17 + 1, 5 * MiB]
)
def test_freed_block_is_used_again(size):
    memory.empty_cache()  # so that no limit on what the thread keeps is near
    first = _native.empty((size,), UINT8)
    address = first.ctypes.data
    del first
    assert _native.empty((size,), UINT8).ctypes.data == address


@no_cache_under_asan
def test_blocks_waste_at_most_an_eighth():
    for size in [1, 64, 100, 512, 513, 1000, 4097, 8192, 8193, 40_000, 131_073, 1_000_001, 2_000_000, 9_999_999]:
        before = _native.memory_stats()["allocated_bytes"]
        block = _native.empty((size,), UINT8)
        held = _native.memory_stats()["allocated_bytes"] - before
        assert size <= held <= max(size * 9 / 8, size + 63), (size, held)
        del block


@no_cache_under_asan
def test_large_blocks_lie_on_huge_pages():
    blocks = [_native.empty((2 * MiB + 1000 * i,), UINT8) for i in range(5)]
    assert all(block.ctypes.data % (2 * MiB) == 0 for block in blocks)


@alone
def test_stats_follow_use():
    _native.empty_cache()
    _native.reset_peak_memory_stats()
    before = memory.memory_stats()
    block = _native.empty((10 * MiB,), UINT8)
    during = memory.memory_stats()
    assert during["allocated_bytes"] - before["allocated_bytes"] == 10 * MiB
    assert during["reserved_bytes"] >= during["allocated_bytes"]
    assert during["num_allocations"] == before["num_allocations"] + 1
    del block
    after = memory.memory_stats()
    assert after["allocated_bytes"] == before["allocated_bytes"] == memory.memory_allocated()
    assert after["allocated_peak_bytes"] == during["allocated_bytes"] == memory.max_memory_allocated()
    assert memory.max_memory_reserved() >= during["reserved_bytes"]
    memory.reset_peak_memory_stats()
    assert memory.max_memory_allocated() == before["allocated_bytes"]


@no_cache_under_asan
def test_cache_hits_are_counted():
    block = _native.empty((3 * MiB,), UINT8)
    del block
    before = _native.memory_stats()
    for _ in range(10):
        _native.empty((3 * MiB,), UINT8)
    after = _native.memory_stats()
    assert after["num_cache_hits"] - before["num_cache_hits"] == 10


@no_cache_under_asan
def test_empty_cache_returns_memory():
    block = _native.empty((64 * MiB,), UINT8)
    block[:] = 1
    used = memory.memory_reserved()
    del block
    assert memory.memory_reserved() == used
    memory.empty_cache()
    assert memory.memory_reserved() <= used - 64 * MiB


@no_cache_under_asan
def test_changing_sizes_do_not_pile_up():
    memory.empty_cache()
    memory.reset_peak_memory_stats()
    for step in range(40):
        blocks = [_native.empty(((100 + step) * MiB // 4 + 4096 * i,), UINT8) for i in range(4)]
        del blocks
    live = memory.max_memory_allocated()
    assert memory.max_memory_reserved() <= live * 1.25 + 320 * MiB


def test_cap():
    memory.empty_cache()
    held = memory.memory_reserved()
    memory.set_memory_cap(held + 16 * MiB)
    assert memory.get_memory_cap() == held + 16 * MiB
    small = _native.empty((MiB,), UINT8)
    with pytest.raises(memory.OutOfMemoryError, match="tried to allocate 33554432 bytes.* cap is"):
        _native.empty((32 * MiB,), UINT8)
    del small
    memory.set_memory_cap(None)
    assert _native.empty((32 * MiB,), UINT8).nbytes == 32 * MiB
    with pytest.raises(TypeError, match="must be an int or None"):
        memory.set_memory_cap("1 GB")
    with pytest.raises(ValueError, match="between 0 and"):
        memory.set_memory_cap(-1)


def test_out_of_memory_is_an_error():
    assert issubclass(memory.OutOfMemoryError, RuntimeError) and issubclass(memory.OutOfMemoryError, MemoryError)
    for shape in [(2**46,), (2**40, 2**10), (2**59,)]:
        with pytest.raises(memory.OutOfMemoryError, match="can't allocate memory"):
            _native.empty(shape, FLOAT32)
    for shape in [(2**62, 4), (2**63 - 1, 2**63 - 1)]:
        with pytest.raises(RuntimeError, match="overflowed"):
            _native.empty(shape, FLOAT32)
    with pytest.raises(RuntimeError, match="negative dimension"):
        _native.empty((3, -1), FLOAT32)
    with pytest.raises(ValueError, match="at most 64 dimensions"):
        _native.empty((1,) * 65, FLOAT32)
    assert _native.empty((0, 2**40), FLOAT32).shape == (0, 2**40)


def test_arrays_are_ordinary_arrays():
    block = _native.empty((3, 4), FLOAT32)
    assert block.base is None and block.flags.owndata and block.flags.c_contiguous and block.flags.writeable
    block[:] = np.arange(12).reshape(3, 4)
    view = block[1:].T
    del block
    np.testing.assert_array_equal(view, np.arange(4, 12, dtype=np.float32).reshape(2, 4).T)
    grown = _native.empty((4,), FLOAT32)
    grown[:] = [1, 2, 3, 4]
    grown.resize((100_000,), refcheck=False)
    np.testing.assert_array_equal(grown[:5], [1, 2, 3, 4, 0])


def test_summary_names_the_counters():
    text = memory.memory_summary()
    assert all(word in text for word in ("allocated", "reserved", "cap", "allocations"))


def test_public_names():
    assert rushlight.OutOfMemoryError is memory.OutOfMemoryError
    assert rushlight.set_num_threads is threads.set_num_threads and rushlight.get_num_threads() >= 1
    assert rushlight.memory_stats()["reserved_bytes"] >= 0
    assert rushlight.cpu.is_available() and rushlight.cpu.device_count() == 1
    assert rushlight.cpu.get_capabilities()["num_physical_cores"] >= 1
    ours = rushlight.cpu.Stream()
    with rushlight.cpu.stream(ours):
        assert rushlight.cpu.current_stream() is ours
    assert rushlight.cpu.current_stream() is not ours


# ---- instruction sets, configuration, import -------------------------------------------------------------------------


def test_instruction_sets():
    names = _native.available_isas()
    assert names[0] == "baseline"
    now = _native.get_isa()
    try:
        for name in names:
            _native.set_isa(name)
            assert _native.get_isa() == name
        with pytest.raises(ValueError, match="expected one of"):
            _native.set_isa("avx4096")
    finally:
        _native.set_isa(now)
    code = "from rushlight import _native; print(_native.get_isa())"
    assert run_python(code, RUSHLIGHT_ISA="baseline") == "baseline"


def test_configuration():
    text = config.show()
    assert "rushlight" in text and "C++ Version: 202" in text and f"NumPy {np.__version__}" in text
    text = config.parallel_info()
    assert f"get_num_threads() : {threads.get_num_threads()}" in text and "RUSHLIGHT_NUM_THREADS" in text


def test_import_loads_no_optional_dependency():
    code = (
        "import sys, rushlight\n"
        "optional = ['torch', 'torchvision', 'PIL', 'rich', 'safetensors', 'tensorboard', 'scipy', 'pandas',\n"
        "            'matplotlib', 'multiprocessing', 'asyncio', 'unittest', 'numpy.testing']\n"
        "print([name for name in optional if name in sys.modules])"
    )
    assert run_python(code) == "[]"
