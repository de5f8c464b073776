using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Training.Experiments.Plan;
using CtfService.Training.Progress;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>A unit of work of an experiment: a training, an evaluation or a measurement. Each job has its own folder for results.</summary>
internal abstract class ExperimentJob
{
    /// <param name="name">Folder below the experiment's output, with forward slashes.</param>
    /// <param name="settings">Everything that determines the result besides the results of the needed jobs; a record or a dictionary.</param>
    /// <param name="needs">Jobs that must be finished first.</param>
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

    /// <summary>Hash of the settings and of all needed jobs: equal fingerprints give equal results.</summary>
    public string Fingerprint { get; }

    /// <summary>Whether the job measures speed and so waits until all preceding jobs are finished, whichever process runs them.</summary>
    public bool RequiresIdleMachine { get; init; }

    /// <summary>Runs or resumes the job.</summary>
    /// <returns>Figures for the report; empty if the result is files.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; the job can be resumed.</exception>
    public abstract JsonObject Run(JobRun run);
}

/// <summary>The context that a job runs in.</summary>
/// <param name="Output">Folder of the experiment.</param>
/// <param name="Folder">Folder of the job.</param>
internal sealed record JobRun(string Output, string Folder, ExperimentInputs Inputs, ITrainingProgress Progress, CancellationToken Cancellation)
{
    /// <summary>Returns the folder of another job.</summary>
    public string FolderOf(ExperimentJob job) => JobFolder.PathOf(Output, job);
}
