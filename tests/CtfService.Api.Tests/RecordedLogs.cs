using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests;

/// <summary>Records the log.</summary>
public sealed class RecordedLogs : ILoggerProvider
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly ConcurrentQueue<LogLine> _lines = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<LogLine> Lines => [.. _lines];

    /// <summary>Level and text of each line.</summary>
    public IReadOnlyList<(LogLevel Level, string Text)> Entries => [.. _lines.Select(line => (line.Level, line.Text))];

    public ILogger CreateLogger(string categoryName) => new Recorder(this);

    /// <summary>Returns the first line with this event id, when it has been logged.</summary>
    public async Task<LogLine> LineAsync(int id)
    {
        while (true)
        {
            var more = Volatile.Read(ref _more).Task;
            if (_lines.FirstOrDefault(line => line.Id == id) is { } found)
            {
                return found;
            }

            await more.WaitAsync(Timeout);
        }
    }

    public void Dispose()
    {
    }

    private void Add(LogLine line)
    {
        _lines.Enqueue(line);
        Interlocked.Exchange(ref _more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    private sealed class Recorder(RecordedLogs logs) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => logs.Add(
            new LogLine(
                logLevel, eventId.Id, formatter(state, exception), new Dictionary<string, object?>(state as IEnumerable<KeyValuePair<string, object?>> ?? [])));
    }
}

/// <summary>One line of the log with its fields.</summary>
public sealed record LogLine(LogLevel Level, int Id, string Text, IReadOnlyDictionary<string, object?> Fields)
{
    public object? this[string field] => Fields[field];
}
