using CtfService.Inference.Queue;

namespace CtfService.Inference.Worker;

/// <summary>Cancels a running batch when every caller of it has hung up, or when the worker must give up.</summary>
internal sealed class BatchCancellation : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly List<CancellationTokenRegistration> _registrations;
    private int _wanted;

    public BatchCancellation(IReadOnlyList<InferenceJob> jobs, CancellationToken giveUp)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(giveUp);
        _wanted = jobs.Count;
        _registrations = [.. jobs.Select(job => job.Abandoned.UnsafeRegister(_ => Abandon(), state: null))];
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        // Registrations first: disposing one waits for its callback, which uses the source.
        _registrations.ForEach(registration => registration.Dispose());
        _source.Dispose();
    }

    private void Abandon()
    {
        if (Interlocked.Decrement(ref _wanted) == 0)
        {
            _source.Cancel();
        }
    }
}
