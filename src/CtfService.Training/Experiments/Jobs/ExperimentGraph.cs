using CtfService.Model.Transformer;
using CtfService.Training.Experiments.Plan;
using CtfService.Training.Transformer;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>The jobs of a plan and their assignment to the rows of tables. Jobs that several models or rows share exist once.</summary>
internal sealed class ExperimentGraph
{
    private readonly ExperimentPlan _plan;
    private readonly bool _useBfloat16;
    private readonly OrderedDictionary<string, ExperimentJob> _jobs = [];
    private readonly Dictionary<(string Model, ulong Seed), TrainedModel> _models = [];
    private readonly TokenizerJob _tokenizer;
    private readonly TokensJob _tokens;
    private readonly RealImagesJob? _real;

    /// <param name="tokenizerFile">File of a trained tokenizer; null to train one as the plan specifies.</param>
    /// <param name="useBfloat16">Whether trainings multiply in bfloat16; otherwise in float32.</param>
    /// <exception cref="InvalidDataException">Two models would train the same transformer in different ways.</exception>
    public ExperimentGraph(ExperimentPlan plan, string dataFingerprint, string? tokenizerFile, bool useBfloat16 = true)
    {
        _plan = plan;
        _useBfloat16 = useBfloat16;
        _tokenizer = Add(tokenizerFile is null
            ? TokenizerJob.Trained(plan.Tokenizer, plan.ImageSize, dataFingerprint, useBfloat16)
            : TokenizerJob.Given(tokenizerFile));
        _tokens = Add(new TokensJob(_tokenizer, plan.ImageSize, dataFingerprint));
        Classifier = plan.HasEvaluations ? Add(new ClassifierJob(plan.Classifier.Steps, plan.ImageSize, dataFingerprint)) : null;
        _real = Classifier is null ? null : Add(new RealImagesJob(Classifier, plan.ImagesPerClass));
        Swaps = plan.Swaps is { } swaps ? Add(new SwapJob(swaps, _tokenizer, _tokens, Classifier!)) : null;
        foreach (var (model, seed) in InOrderOfSeeds())
        {
            _models.Add((model.Name, seed), Train(model, seed));
            AddEvaluations(model, seed);
            if (plan.Bundles)
            {
                Add(new BundleJob(_models[(model.Name, seed)], plan.Sampling));
            }
        }

        if (plan.Speed is { } speed)
        {
            var models = speed.Models.Select(name => _models[(name, plan.Find(name)!.Seeds[0])]).ToList();
            SamplingSpeed = Add(new SamplingSpeedJob(models, speed.Batches, speed.Runs, plan.Sampling) { RequiresIdleMachine = true });
            TrainingSpeed = Add(new TrainingSpeedJob(models, speed.Runs) { RequiresIdleMachine = true });
        }
    }

    /// <summary>Jobs in order of dependency.</summary>
    public IReadOnlyList<ExperimentJob> Jobs => [.. _jobs.Values];

    /// <summary>Null if no images are judged.</summary>
    public ClassifierJob? Classifier { get; }

    /// <inheritdoc cref="Classifier"/>
    public RealImagesJob? RealImages => _real;

    public SwapJob? Swaps { get; }

    public SamplingSpeedJob? SamplingSpeed { get; }

    public TrainingSpeedJob? TrainingSpeed { get; }

    public TrainedModel Model(string name, ulong seed) => _models[(name, seed)];

    /// <summary>Returns the evaluations of a row, one for each seed of its model.</summary>
    public IReadOnlyList<ExperimentJob> Evaluations(RowPlan row) => [.. _plan.Find(row.Model)!.Seeds.Select(seed => _jobs[Evaluation(row, seed).Name])];

    /// <summary>Returns the evaluations of a model after a step, one for each seed, with the experiment's sampling.</summary>
    public IReadOnlyList<ExperimentJob> CurvePoint(string model, long step) => Evaluations(CurveRow(model, step));

    /// <summary>Returns the steps of a model's learning curve, ascending, including its last step.</summary>
    public IReadOnlyList<long> CurveSteps(string model)
    {
        var last = _plan.StepsOf(_plan.Find(model)!);
        return [.. _plan.Curve!.Steps.Where(step => step < last).Append(last).Distinct().Order()];
    }

    /// <summary>
    /// Returns the models with the most seeds first, because the comparison depends on them, and the first seed of all models before the second: an experiment
    /// that is stopped early has complete comparisons of fewer seeds.
    /// </summary>
    private IEnumerable<(ModelPlan Model, ulong Seed)> InOrderOfSeeds() => _plan.Models
        .GroupBy(model => model.Seeds.Count)
        .OrderByDescending(models => models.Key)
        .SelectMany(models => Enumerable.Range(0, models.Key).SelectMany(i => models.Select(model => (model, model.Seeds[i]))));

    private TrainedModel Train(ModelPlan model, ulong seed)
    {
        var map = Add(new ClusterMapJob(model.Clusters, model.ClusterKind, _tokenizer, _tokens));
        var sources = new StageSources(_tokenizer, _tokens, map);
        var steps = _plan.StepsOf(model);
        StageJob Stage(FineHead? head, TransformerSize size) =>
            Add(new StageJob(
                new StageSettings(head, size, _plan.Training, steps, Snapshots(model, head), seed) { UseBfloat16 = _useBfloat16 }, sources));
        var coarse = Stage(head: null, model.Coarse ?? _plan.Coarse);
        var fine = model.IsPlain ? null : Stage(model.FineHead, model.Fine ?? _plan.Fine);
        return new TrainedModel(model.Name, seed, sources, coarse, fine, steps);
    }

    /// <summary>Returns the snapshot steps of all models that share the transformer.</summary>
    private IReadOnlyList<long> Snapshots(ModelPlan model, FineHead? head)
    {
        bool Shares(ModelPlan other) =>
            (other.Clusters, other.ClusterKind) == (model.Clusters, model.ClusterKind)
            && (head is null
                ? (other.Coarse ?? _plan.Coarse) == (model.Coarse ?? _plan.Coarse)
                : (other.FineHead, other.Fine ?? _plan.Fine) == (head, model.Fine ?? _plan.Fine));
        return [.. _plan.Models.Where(Shares).SelectMany(_plan.SnapshotSteps).Distinct().Order()];
    }

    private void AddEvaluations(ModelPlan model, ulong seed)
    {
        var rows = _plan.Rows().Where(row => row.Model == model.Name);
        var curve = _plan.Curve?.Models.Contains(model.Name) == true ? CurveSteps(model.Name).Select(step => CurveRow(model.Name, step)) : [];
        foreach (var row in rows.Concat(curve))
        {
            Add(Evaluation(row, seed));
        }
    }

    private static RowPlan CurveRow(string model, long step) => new() { Label = "curve", Model = model, AtStep = step };

    private EvaluationJob Evaluation(RowPlan row, ulong seed)
    {
        var model = _models[(row.Model, seed)];
        var settings = new EvaluationSettings(_plan.ImagesPerClass, row.Coarse ?? _plan.Sampling.Coarse, row.Fine ?? _plan.Sampling.Fine, row.DrawFrom);
        return new EvaluationJob(model, row.AtStep ?? model.Steps, settings, _real!);
    }

    /// <summary>Adds a job, or returns the existing job of the same name.</summary>
    private TJob Add<TJob>(TJob job)
        where TJob : ExperimentJob
    {
        if (!_jobs.TryAdd(job.Name, job) && _jobs[job.Name].Fingerprint != job.Fingerprint)
        {
            throw new InvalidDataException($"Two models of the experiment need '{job.Name}' in different ways. Give them the same steps.");
        }

        return (TJob)_jobs[job.Name];
    }
}
