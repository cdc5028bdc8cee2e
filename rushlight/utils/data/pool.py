"""The workers of a DataLoader: threads (the default: nothing is copied) or processes, behind the same four calls.

`submit(worker, task)`, `receive(timeout)`, `describe(worker)` and `stop()`. No lock is shared with a worker, so that
one which is killed in the middle of anything cannot stop the others or the main program.
"""

import atexit
import os
import pickle
import queue
import threading
import time

from .worker import RemoteError, leave_thread, run_worker

_JOIN_TIMEOUT_S = 5.0
_ORPHAN_CHECK_S = 5.0


class TimedOut(Exception):
    """No worker answered in time."""


class WorkerDied(Exception):
    """A worker ended without being told to; the argument says which."""


_running: dict = {}  # worker thread -> what stops it; a thread takes itself out when it ends


@atexit.register
def _stop_threads():
    """Let worker threads end before the interpreter does: one that is inside a kernel then would abort the program."""
    threads = dict(_running)
    for stopped, tasks in threads.values():
        stopped.set()
        tasks.put(None)
    deadline = time.monotonic() + _JOIN_TIMEOUT_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


class ThreadPool:
    """Worker threads; they hold the queues and the job, never the iterator, which can thus go away while they run."""

    def __init__(self, job):
        self._results = queue.SimpleQueue()
        self._tasks = [queue.SimpleQueue() for _ in range(job.num_workers)]
        self._stopped = threading.Event()
        for worker_id, tasks in enumerate(self._tasks):
            arguments = (job, worker_id, tasks, self._results, self._stopped)
            name = f"rushlight-data-{worker_id}"
            thread = threading.Thread(target=_serve_thread, args=arguments, name=name, daemon=True)
            _running[thread] = (self._stopped, tasks)
            thread.start()

    def submit(self, worker, task):
        self._tasks[worker].put(task)

    def receive(self, timeout):
        try:
            worker, answer = self._results.get(timeout=timeout)
        except queue.Empty:
            raise TimedOut from None
        if answer is None:
            raise WorkerDied(f"thread {worker}")
        return answer

    def stop(self):
        self._stopped.set()
        for tasks in self._tasks:
            tasks.put(None)


def _serve_thread(job, worker_id, tasks, results, stopped):
    def receive():
        task = tasks.get()
        return None if stopped.is_set() else task

    def send(epoch, ticket, data):
        results.put((worker_id, (epoch, ticket, data)))

    try:
        run_worker(job, worker_id, receive, send)
    except BaseException:  # SystemExit and the like end this worker: the main program is told
        results.put((worker_id, None))
    finally:
        leave_thread()
        _running.pop(threading.current_thread(), None)


class ProcessPool:
    """Worker processes, each with one pipe for tasks and one for answers."""

    def __init__(self, job, context):
        from multiprocessing.connection import wait  # here, because most programs need no processes

        self._wait = wait
        self._processes = []
        self._task_pipes = []
        self._result_pipes = []
        try:
            for worker_id in range(job.num_workers):
                self._start(job, worker_id, context)
        except BaseException:
            self.stop()
            raise

    def _start(self, job, worker_id, context):
        task_reader, task_writer = context.Pipe(duplex=False)
        result_reader, result_writer = context.Pipe(duplex=False)
        arguments = (job, worker_id, task_reader, result_writer, os.getpid())
        process = context.Process(target=_serve_process, args=arguments, daemon=True)
        process.start()
        task_reader.close()
        result_writer.close()
        self._processes.append(process)
        self._task_pipes.append(task_writer)
        self._result_pipes.append(result_reader)

    def submit(self, worker, task):
        try:
            self._task_pipes[worker].send(task)
        except OSError:
            raise WorkerDied(self._describe(worker)) from None

    def receive(self, timeout):
        waiting = [*self._result_pipes, *(process.sentinel for process in self._processes)]
        ready = self._wait(waiting, timeout)
        if not ready:
            raise TimedOut
        for worker, pipe in enumerate(self._result_pipes):
            if pipe in ready:
                try:
                    return pickle.loads(pipe.recv_bytes())
                except (EOFError, OSError):
                    raise WorkerDied(self._describe(worker)) from None
        dead = [worker for worker, process in enumerate(self._processes) if process.sentinel in ready]
        raise WorkerDied(", ".join(map(self._describe, dead)))

    def _describe(self, worker):
        process = self._processes[worker]
        process.join(timeout=1.0)
        code = process.exitcode
        how = "" if code is None else f" by signal {-code}" if code < 0 else f" with exit code {code}"
        return f"{process.pid}{how}"

    def stop(self):
        if not self._processes or self._processes[0]._parent_pid != os.getpid():
            return  # a forked child got a copy of this object: the workers are not its own
        for pipe in self._task_pipes:
            try:
                pipe.send(None)
            except OSError:
                pass  # that worker has ended already
        for pipe in self._result_pipes:
            pipe.close()  # a worker that is sending an answer nobody wants gets an error and ends
        deadline = time.monotonic() + _JOIN_TIMEOUT_S
        for process in self._processes:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.terminate()
                process.join(_JOIN_TIMEOUT_S)
        for pipe in self._task_pipes:
            pipe.close()
        self._processes = []


def _serve_process(job, worker_id, task_pipe, result_pipe, parent):
    """Run one worker process; answers leave by a thread of their own, so that the next batch is not held up."""
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def receive():
        while not task_pipe.poll(_ORPHAN_CHECK_S):
            if os.getppid() != parent:
                os._exit(1)  # orphaned: nobody will read the answers
        try:
            return task_pipe.recv()
        except EOFError:
            return None

    def send(epoch, ticket, data):
        try:
            answers.put(pickle.dumps((epoch, ticket, data), protocol=5))
        except Exception as error:
            failure = RemoteError(error, f"in DataLoader worker process {worker_id}.")
            answers.put(pickle.dumps((epoch, ticket, failure)))

    def forward():
        while True:
            try:
                result_pipe.send_bytes(answers.get())
            except OSError:
                os._exit(0)  # the main program has stopped listening

    threading.Thread(target=forward, daemon=True).start()
    try:
        run_worker(job, worker_id, receive, send)
    except KeyboardInterrupt:
        pass  # the main program gets it too, and says so
    # Told to stop: answers still on their way are not wanted, so the sender, a daemon, is not waited for.
