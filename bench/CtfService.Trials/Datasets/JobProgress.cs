namespace CtfService.Trials.Datasets;

/// <summary>Finished images over time, summed over jobs that follow each other. Thread-safe for one writer.</summary>
internal sealed class JobProgress
{
    private readonly List<(long Timestamp, long Images)> _samples = [];
    private long _ofEnded;

    /// <summary>Notes the state of the current job.</summary>
    public void Saw(DatasetJob job) => _samples.Add((TimeProvider.System.GetTimestamp(), _ofEnded + job.ImageCounts.Completed));

    /// <summary>Begins the next job.</summary>
    public void Ended(DatasetJob job) => _ofEnded += job.ImageCounts.Completed;

    /// <summary>
    /// Returns the time from a restart until images were finished that were not when the service first answered again; null if the trial ended before.
    /// </summary>
    public TimeSpan? TimeToMove(long restart)
    {
        var after = _samples.Where(sample => sample.Timestamp >= restart).ToList();
        var moved = after.Find(sample => sample.Images > after[0].Images);
        return moved == default ? null : TimeProvider.System.GetElapsedTime(restart, moved.Timestamp);
    }

    /// <summary>Returns the longest time without a finished image.</summary>
    public TimeSpan LongestPause()
    {
        var changes = _samples.Where((sample, i) => i == 0 || sample.Images > _samples[i - 1].Images).ToList();
        return changes.Zip(changes.Skip(1), (one, next) => TimeProvider.System.GetElapsedTime(one.Timestamp, next.Timestamp)).DefaultIfEmpty().Max();
    }
}
