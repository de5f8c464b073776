using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Training.Experiments.Plan;
using CtfService.Training.Progress;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>One piece of an experiment that is finished or not: a training, an evaluation, a measurement. What it leaves lies in a folder of its own.</summary>
internal abstract class ExperimentJob
{
    /// <param name="name">Folder below the experiment's output, with forward slashes.</param>
    /// <param name="settings">Everything that decides the result, beside what the needed jobs left; a record of settings or a dictionary.</param>
    /// <param name="needs">Must be finished before.</param>
    protected ExperimentJob(string name, object settings, params IReadOnlyList<ExperimentJob> needs)
    {
        Name = name;
        Settings = JsonSerializer.SerializeToNode(settings, ExperimentFile.Json)!.AsObject();
        Needs = needs;
        Fingerprint = Fingerprints.Of(Settings, needs);
    }

    public string Name { get; }

    public JsonObject Settings { get; }

    public IReadOnlyList<ExperimentJob> Needs { get; }

    /// <summary>Of the settings and of everything needed: two runs with the same fingerprint give the same result.</summary>
    public string Fingerprint { get; }

    /// <summary>Whether it measures speed: waits until all jobs before it are finished, by whichever process.</summary>
    public bool WantsMachineAlone { get; init; }

    /// <summary>Does the work, or goes on with it.</summary>
    /// <returns>Figures for the report; empty where files are the result.</returns>
    /// <exception cref="OperationCanceledException">Stopped; the job can go on later.</exception>
    public abstract JsonObject Run(JobRun run);
}

/// <summary>What a job gets when its turn comes.</summary>
/// <param name="Output">The experiment's folder.</param>
/// <param name="Folder">The job's own.</param>
internal sealed record JobRun(string Output, string Folder, ExperimentInputs Inputs, ITrainingProgress Progress, CancellationToken Cancellation)
{
    public string FolderOf(ExperimentJob job) => JobFolder.PathOf(Output, job);
}
