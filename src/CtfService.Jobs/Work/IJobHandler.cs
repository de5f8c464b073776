namespace CtfService.Jobs.Work;

/// <summary>
/// Does the work of one kind of job. Every method may run again after a crash, also on another machine and at the same time as an earlier run that has lost
/// its lease: it must give the same result each time and publish files by their fixed names (<see cref="Files.IFileStore.PublishAsync"/>). Thread-safe.
/// </summary>
public interface IJobHandler
{
    /// <summary>The kind of jobs that it handles.</summary>
    string Kind { get; }

    /// <summary>Checks the job and cuts it into shards.</summary>
    /// <exception cref="JobRefusedException">The job is invalid: it becomes <see cref="JobState.Failed"/> with these errors.</exception>
    Task<JobPlan> PrepareAsync(Job job, CancellationToken cancellation);

    /// <summary>Processes the items of a shard and publishes its files.</summary>
    /// <param name="cancellation">Cancelled when the lease is lost, the job is cancelled or has expired, or the service stops.</param>
    /// <exception cref="ShardPostponedException">The work cannot be done here and now; it is given back and does not count as an attempt.</exception>
    Task<ShardResult> RunAsync(Job job, Shard shard, CancellationToken cancellation);

    /// <summary>
    /// Puts the output files together after the last shard has ended. If the job was cancelled or has expired, the output has what is there.
    /// </summary>
    /// <param name="shards">All shards, in order.</param>
    /// <returns>JSON for <see cref="Job.Result"/>.</returns>
    /// <exception cref="ShardsMissingException">Files of finished shards are lost or damaged; the shards run again before the next finish.</exception>
    Task<string> FinishAsync(Job job, IReadOnlyList<Shard> shards, CancellationToken cancellation);

    /// <summary>Deletes the files of a job that ended and whose retention is over.</summary>
    Task DeleteFilesAsync(Job job, CancellationToken cancellation);
}

/// <summary>The shards of a job.</summary>
/// <param name="Counts">Number of items of each shard, in order; each at least 1.</param>
/// <param name="Images">Number of images of the whole job, which quotas count.</param>
public sealed record JobPlan(IReadOnlyList<int> Counts, long Images);

/// <summary>A job is invalid as a whole.</summary>
/// <param name="errors">At least one.</param>
public sealed class JobRefusedException(IReadOnlyList<JobError> errors) : Exception(errors[0].Message)
{
    public IReadOnlyList<JobError> Errors { get; } = errors;
}

/// <summary>The output cannot be put together, because the files of finished shards are lost or damaged.</summary>
/// <param name="numbers">Numbers of shards in the state <see cref="ShardState.Done"/>, at least one.</param>
public sealed class ShardsMissingException(IReadOnlyList<int> numbers)
    : Exception($"The files of {numbers.Count} finished shards are lost or damaged, the first of shard {numbers[0]}.")
{
    public IReadOnlyList<int> Numbers { get; } = numbers;
}

/// <summary>
/// A shard cannot be processed here and now, for example because the model is not loaded. It is tried again later, by this worker or another.
/// </summary>
/// <param name="delay">When to try again.</param>
public sealed class ShardPostponedException(string message, TimeSpan delay, Exception? inner = null) : Exception(message, inner)
{
    public TimeSpan Delay { get; } = delay;
}
