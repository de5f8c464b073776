namespace CtfService.EndToEnd.Tests.Switching;

/// <summary>Collects the responses of all clients and signals their number. Thread-safe.</summary>
internal sealed class AnswerLog
{
    private readonly Lock _access = new();
    private readonly List<(ImageOrder Order, string Model, TimeSpan Time)> _all = [];
    private int _awaited = int.MaxValue;
    private TaskCompletionSource _enough = new();

    public IReadOnlyList<(ImageOrder Order, string Model, TimeSpan Time)> All
    {
        get
        {
            lock (_access)
            {
                return [.. _all];
            }
        }
    }

    public void Add(ImageOrder order, string model, TimeSpan time)
    {
        lock (_access)
        {
            _all.Add((order, model, time));
            if (_all.Count >= _awaited)
            {
                _enough.TrySetResult();
            }
        }
    }

    /// <summary>Completes after that many further responses. Supports one waiter at a time.</summary>
    public Task More(int count)
    {
        lock (_access)
        {
            _awaited = _all.Count + count;
            _enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _enough.Task;
        }
    }
}
