using CtfService.Training.Experiments.Jobs;
using CtfService.Training.Progress;

namespace CtfService.Training.Experiments;

/// <summary>
/// Does the jobs of an experiment that are not finished, each after what it needs. Several processes may run the same experiment: each takes the next job that
/// none of the others has.
/// </summary>
internal sealed class JobRunner(string output, IReadOnlyList<ExperimentJob> jobs, ExperimentInputs inputs, IExperimentProgress progress, TimeProvider time)
{
    /// <summary>From one look to the next while other processes have all that could be done.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Runs until every job is finished.</summary>
    /// <exception cref="InvalidDataException">Results are there of other settings; each is named with what changed. Nothing was run.</exception>
    /// <exception cref="OperationCanceledException">Stopped; running it again goes on.</exception>
    public void Run(bool redoChanged, CancellationToken cancellation)
    {
        RequireUnchanged(redoChanged);
        while (jobs.Where(job => !Folder(job).IsFinished).ToList() is { Count: > 0 } open)
        {
            cancellation.ThrowIfCancellationRequested();
            var ready = open.Where(job => job.WantsMachineAlone ? job == open[0] : job.Needs.All(need => Folder(need).IsFinished));
            if (!ready.Any(job => TryRun(job, cancellation)))
            {
                cancellation.WaitHandle.WaitOne(Patience);
            }
        }
    }

    /// <summary>False where another process has the job.</summary>
    private bool TryRun(ExperimentJob job, CancellationToken cancellation)
    {
        var folder = Folder(job);
        using var claim = folder.TryClaim();
        if (claim is null)
        {
            return false;
        }

        if (!folder.IsFinished) // it may have ended while we were looking
        {
            var state = folder.Read() ?? JobState.Begun(job);
            folder.Write(state);
            progress.Run(job.Name, 1 + jobs.Count(other => Folder(other).IsFinished), jobs.Count, report => Run(job, folder, state, report, cancellation));
        }

        return true;
    }

    private void Run(ExperimentJob job, JobFolder folder, JobState state, ITrainingProgress report, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        double Seconds() => state.Seconds + time.GetElapsedTime(started).TotalSeconds;
        try
        {
            var result = job.Run(new JobRun(output, folder.Path, inputs, report, cancellation));
            folder.Write(state with { Finished = true, Seconds = Seconds(), Result = result });
        }
        catch
        {
            folder.Write(state with { Seconds = Seconds() });
            throw;
        }
    }

    private void RequireUnchanged(bool redoChanged)
    {
        var changed = jobs
            .Select(job => (Folder: Folder(job), job.Name, Changes: Folder(job).Read()?.Changes(job).ToList() ?? []))
            .Where(job => job.Changes.Count > 0)
            .ToList();
        if (changed.Count > 0 && !redoChanged)
        {
            var lines = changed.Select(job => $"{Environment.NewLine}  {job.Name}: {string.Join("; ", job.Changes)}");
            throw new InvalidDataException(
                $"{output}: holds results of other settings. Choose another --output, put the settings back, "
                + "or pass --redo to delete these results and do them again:"
                + string.Concat(lines));
        }

        foreach (var job in changed)
        {
            using (job.Folder.TryClaim() ?? throw new IOException($"{output}: another process works on {job.Name}, whose settings changed. Stop it first."))
            {
                // nobody has it; the lock lies in the folder, so it must be let go to delete that
            }

            job.Folder.Delete();
        }
    }

    private JobFolder Folder(ExperimentJob job) => new(output, job);
}
