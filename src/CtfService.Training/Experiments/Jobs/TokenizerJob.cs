using System.Text.Json.Nodes;
using CtfService.Model.Storage;
using CtfService.Training.Data;
using CtfService.Training.Experiments.Plan;
using CtfService.Training.Optimization;
using CtfService.Training.Tokenizer;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Provides the tokenizer that all models share: an existing one, or one trained by this job.</summary>
internal sealed class TokenizerJob : ExperimentJob
{
    private const string JobName = "tokenizer";
    private const int MaxShift = 3;

    private readonly TokenizerPlan? _plan;
    private readonly string? _file;
    private readonly string? _data;

    private TokenizerJob(object settings, TokenizerPlan? plan, string? file, string? data)
        : base(JobName, settings)
    {
        _plan = plan;
        _file = file;
        _data = data;
    }

    public static TokenizerJob Given(string file) =>
        new(new Dictionary<string, object> { ["sha256"] = Fingerprints.OfFile(file) }, plan: null, file, data: null);

    public static TokenizerJob Trained(TokenizerPlan plan, int imageSize, string dataFingerprint, bool useBfloat16 = true)
    {
        var settings = new Dictionary<string, object> { ["plan"] = plan, ["image_size"] = imageSize, ["data"] = dataFingerprint };
        if (!useBfloat16)
        {
            settings.Add("dtype", "float32"); // the usual type is not named, as in results of earlier versions
        }

        return new(settings, plan, file: null, dataFingerprint);
    }

    public static string PathIn(string folder) => Path.Combine(folder, TokenizerTraining.ResultName);

    public override JsonObject Run(JobRun run)
    {
        if (_file is not null)
        {
            AtomicFile.Copy(_file, PathIn(run.Folder));
            return [];
        }

        var options = new TrainingOptions
        {
            RunDirectory = run.Folder,
            Steps = _plan!.Steps,
            BatchSize = _plan.BatchSize,
            LearningRate = _plan.LearningRate,
            Device = run.Inputs.Device,
            UseBfloat16 = run.Inputs.UseBfloat16,
        };
        var training = new TrainingRun(options, Resume: true, new Augmentation { HorizontalFlip = true, MaxShift = MaxShift }, _data);
        TokenizerTraining.Run(run.Inputs.Train, run.Inputs.Test, _plan.Config(), training, run.Progress, run.Cancellation);
        return [];
    }
}
