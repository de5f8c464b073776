using CtfService.Training.Experiments.Jobs;
using CtfService.Training.Progress;

namespace CtfService.Training.Experiments;

/// <summary>
/// Runs the unfinished jobs of an experiment in order of dependency. Several processes may run the same experiment: each takes the next job that no other
/// process has claimed.
/// </summary>
internal sealed class JobRunner(string output, IReadOnlyList<ExperimentJob> jobs, ExperimentInputs inputs, IExperimentProgress progress, TimeProvider time)
{
    /// <summary>Time between polls while other processes have claimed all available jobs.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    /// <summary>Runs until every job is finished.</summary>
    /// <exception cref="InvalidDataException">
    /// The output has results that were made with other settings; the message names each with the changes. Nothing was run.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled; running the experiment again resumes it.</exception>
    public void Run(bool redoChanged, CancellationToken cancellation)
    {
        RequireUnchanged(redoChanged);
        while (jobs.Where(job => !Folder(job).IsFinished).ToList() is { Count: > 0 } open)
        {
            cancellation.ThrowIfCancellationRequested();
            var ready = open.Where(job => job.RequiresIdleMachine ? job == open[0] : job.Needs.All(need => Folder(need).IsFinished));
            if (!ready.Any(job => TryRun(job, cancellation)))
            {
                cancellation.WaitHandle.WaitOne(PollInterval);
            }
        }
    }

    /// <summary>Returns false if another process has claimed the job.</summary>
    private bool TryRun(ExperimentJob job, CancellationToken cancellation)
    {
        var folder = Folder(job);
        using var claim = folder.TryClaim();
        if (claim is null)
        {
            return false;
        }

        if (!folder.IsFinished) // another process may have finished it in the meantime
        {
            var state = folder.Read() ?? JobState.Started(job);
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
                $"{output}: holds results that were made with other settings. Choose another --output, restore the settings, "
                + "or add --redo to delete these results and run their jobs again:"
                + string.Concat(lines));
        }

        foreach (var job in changed)
        {
            using (job.Folder.TryClaim() ?? throw new IOException($"{output}: another process is running {job.Name}, whose settings changed. Stop it first."))
            {
                // no process has claimed it; the lock file is in the folder, so it must be released before the folder is deleted
            }

            job.Folder.Delete();
        }
    }

    private JobFolder Folder(ExperimentJob job) => new(output, job);
}
