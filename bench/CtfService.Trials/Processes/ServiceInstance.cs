using System.Diagnostics;

namespace CtfService.Trials.Processes;

/// <summary>A process of the service or the gateway on a port of its own, which can be killed and started again. Its log goes to a file.</summary>
internal sealed class ServiceInstance : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5); // without fused multiply-add, on a busy machine

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan LogMoment = TimeSpan.FromMilliseconds(200);

    private static readonly Uri Readiness = new("/health/ready", UriKind.Relative);

    private readonly Lock _gate = new();
    private readonly List<(long From, long? To)> _downTimes = []; // timestamps
    private readonly string[] _command;
    private readonly string _log;
    private readonly byte[] _logBytes = new byte[65_536];
    private Process? _process;
    private Task<int>? _logReading; // waits for what comes after the end of the last ReadLogAsync

    /// <param name="name">Names the log file.</param>
    /// <param name="settings">Settings on the command line, such as <c>--Storage:Folder=DIR</c>.</param>
    public ServiceInstance(ServiceBuild build, string name, string logFolder, params IEnumerable<string> settings)
    {
        Name = name;
        Port = FreePort.Next();
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Port}"), Timeout = TimeSpan.FromMinutes(2) };
        _command = [build.Program, $"--urls=http://127.0.0.1:{Port}", .. settings];
        _log = Path.Combine(Directory.CreateDirectory(logFolder).FullName, $"{name}.log");
    }

    public string Name { get; }

    public int Port { get; }

    public HttpClient Client { get; }

    /// <summary>Processors that the process sees; null for all.</summary>
    public int? Processors { get; init; }

    /// <summary>A program, with arguments, that starts the process and becomes it; empty to start it directly.</summary>
    public IReadOnlyList<string> Launcher { get; init; } = [];

    /// <summary>Variables that the process gets beside those of this one.</summary>
    public Dictionary<string, string> Environment { get; init; } = [];

    /// <summary>Where the process writes its log.</summary>
    public LogTarget Log { get; init; } = LogTarget.File;

    /// <summary>Id of the process.</summary>
    public int ProcessId => _process!.Id;

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>Starts the process and returns at once.</summary>
    public void Start()
    {
        _process?.Dispose();
        string[] redirection = Log == LogTarget.FullDisk ? ["sh", "-c", "exec \"$@\" >/dev/full 2>&1", "sh"] : [];
        string[] command = [.. Launcher, .. redirection, "dotnet", .. _command];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(_command[0]),
        };
        if (Processors is { } processors)
        {
            start.Environment["DOTNET_PROCESSOR_COUNT"] = $"{processors}";
        }

        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        if (Log == LogTarget.Unread)
        {
            return;
        }

        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Starts the process and returns the time until it was ready.</summary>
    /// <exception cref="InvalidOperationException">It ended, or was not ready in time.</exception>
    public async Task<TimeSpan> StartReadyAsync(CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        Start();
        await ReadyAsync(cancellation);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <exception cref="InvalidOperationException">The process ended, or was not ready in time.</exception>
    public async Task ReadyAsync(CancellationToken cancellation)
    {
        for (var started = Stopwatch.GetTimestamp(); !await IsReadyAsync(cancellation);)
        {
            if (_process!.HasExited || Stopwatch.GetElapsedTime(started) > StartTimeout)
            {
                throw new InvalidOperationException($"{Name} did not become ready; see {_log}:\n{string.Join('\n', LastLines(20))}");
            }

            await Task.Delay(Poll, TimeProvider.System, cancellation);
        }

        lock (_gate)
        {
            if (_downTimes is [.., (var from, null)])
            {
                _downTimes[^1] = (from, Stopwatch.GetTimestamp());
            }
        }
    }

    /// <summary>Ends the process at once, as <c>kill -9</c> does.</summary>
    public void Kill()
    {
        GoesDown();
        _process?.Kill(entireProcessTree: true);
        _process?.WaitForExit();
    }

    /// <summary>Waits until the process ends by itself and returns its exit code.</summary>
    public async Task<int> EndAsync(CancellationToken cancellation)
    {
        await _process!.WaitForExitAsync(cancellation);
        return _process.ExitCode;
    }

    /// <summary>Asks the process to stop and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync();
        return await EndAsync(CancellationToken.None);
    }

    /// <summary>Sends SIGTERM and returns at once. Does nothing if the process has ended.</summary>
    public async Task SignalAsync()
    {
        GoesDown();
        if (IsRunning)
        {
            await ProgramRun.OfAsync("sh", "-c", $"kill -TERM {_process!.Id} 2>/dev/null || true");
        }
    }

    /// <summary>Returns true if the instance was down at some moment after a timestamp.</summary>
    public bool WasDownSince(long timestamp)
    {
        lock (_gate)
        {
            return _downTimes.Exists(down => (down.To ?? long.MaxValue) >= timestamp);
        }
    }

    /// <summary>Processor time of the process so far.</summary>
    public TimeSpan ProcessorTime()
    {
        _process!.Refresh();
        return _process.TotalProcessorTime;
    }

    /// <summary>Resident memory of the process, bytes.</summary>
    public long ResidentBytes()
    {
        _process!.Refresh();
        return _process.WorkingSet64;
    }

    public IReadOnlyList<string> LastLines(int count)
    {
        lock (_gate)
        {
            return File.Exists(_log) ? [.. File.ReadLines(_log).TakeLast(count)] : [];
        }
    }

    /// <summary>Reads for a moment what is in the pipe of <see cref="LogTarget.Unread"/>. Returns the number of bytes.</summary>
    public async Task<long> ReadLogAsync(CancellationToken cancellation)
    {
        var (total, began) = (0L, Stopwatch.GetTimestamp());
        while (LogMoment - Stopwatch.GetElapsedTime(began) is var left && left > TimeSpan.Zero)
        {
            _logReading ??= _process!.StandardOutput.BaseStream.ReadAsync(_logBytes, CancellationToken.None).AsTask();
            try
            {
                total += await _logReading.WaitAsync(left, cancellation);
            }
            catch (TimeoutException)
            {
                break;
            }

            _logReading = null;
        }

        return total;
    }

    public void Dispose()
    {
        Kill();
        _process?.Dispose();
        Client.Dispose();
    }

    private void GoesDown()
    {
        lock (_gate)
        {
            if (_downTimes is not [.., (_, null)])
            {
                _downTimes.Add((Stopwatch.GetTimestamp(), null));
            }
        }
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        try
        {
            using var response = await Client.GetAsync(Readiness, cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // it does not listen yet
        }
    }

    private void Append(string? line)
    {
        if (line is not null)
        {
            lock (_gate)
            {
                File.AppendAllText(_log, line + '\n');
            }
        }
    }
}

/// <summary>Where a process writes its log.</summary>
internal enum LogTarget
{
    /// <summary>To its file.</summary>
    File,

    /// <summary>To a disk without space.</summary>
    FullDisk,

    /// <summary>To a pipe that no one reads.</summary>
    Unread,
}
