using CtfService.Core.Generation;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.Training.Clusters;
using CtfService.Training.Optimization;
using CtfService.Training.Transformer;

namespace CtfService.Training.Experiments.Plan;

/// <summary>Validates a plan before anything is trained.</summary>
internal static class PlanValidator
{
    /// <summary>Returns all problems of a plan.</summary>
    public static IEnumerable<string> Problems(ExperimentPlan plan)
    {
        if (plan.Models.Count == 0)
        {
            yield return "models is empty; name at least one";
        }

        foreach (var name in plan.Models.CountBy(model => model.Name).Where(name => name.Value > 1))
        {
            yield return $"models has '{name.Key}' {name.Value} times; names must differ";
        }

        foreach (var problem in RangeProblems(plan).Concat(TokenizerProblems(plan)).Concat(SamplingProblems(plan))
            .Concat(plan.Models.SelectMany(model => ModelProblems(plan, model))).Concat(UseProblems(plan)).Concat(SharedTrainingProblems(plan)))
        {
            yield return problem;
        }
    }

    private static IEnumerable<string> ModelProblems(ExperimentPlan plan, ModelPlan model)
    {
        if (model.Clusters is { } clusters and < 2)
        {
            yield return $"model '{model.Name}' has {clusters} clusters, expected at least 2; omit clusters for a plain model";
        }

        if (model.IsPlain && (model.Fine is not null || model.ClusterKind != ClusterKind.Kmeans || model.FineHead != FineHead.Cluster))
        {
            yield return $"model '{model.Name}' has no clusters, so it is a plain model, but has settings of clusters or of a fine stage; "
                + "specify clusters or remove these settings";
        }

        if (model.Seeds.Count == 0 || model.Seeds.Distinct().Count() < model.Seeds.Count)
        {
            yield return $"model '{model.Name}' needs at least one seed, and its seeds must differ";
        }

        TransformerSize[] sizes = model.IsPlain ? [model.Coarse ?? plan.Coarse] : [model.Coarse ?? plan.Coarse, model.Fine ?? plan.Fine];
        foreach (var problem in sizes.Distinct().SelectMany(size => size.Problems(name => name)))
        {
            yield return $"model '{model.Name}': {problem}";
        }

        if (model.Steps is { } steps && TrainingRanges.Problem("steps", steps, TrainingRanges.Steps) is { } wrong)
        {
            yield return $"model '{model.Name}': {wrong}";
        }
    }

    private static IEnumerable<string> RangeProblems(ExperimentPlan plan)
    {
        List<string?> problems =
        [
            TrainingRanges.Problem("image_size", plan.ImageSize, TrainingRanges.ImageSide),
            TrainingRanges.Problem("images_per_class", plan.ImagesPerClass, TrainingRanges.Images),
            TrainingRanges.Problem("classifier.steps", (long)plan.Classifier.Steps, TrainingRanges.Steps),
            TrainingRanges.Problem("tokenizer.steps", plan.Tokenizer.Steps, TrainingRanges.Steps),
            TrainingRanges.Problem("tokenizer.batch_size", plan.Tokenizer.BatchSize, TrainingRanges.BatchSize),
            TrainingRanges.Problem("tokenizer.learning_rate", plan.Tokenizer.LearningRate, TrainingRanges.LearningRate),
            TrainingRanges.Problem("training.steps", plan.Training.Steps, TrainingRanges.Steps),
            TrainingRanges.Problem("training.batch_size", plan.Training.BatchSize, TrainingRanges.BatchSize),
            plan.Training.Accumulate >= 1 && plan.Training.Accumulate <= plan.Training.BatchSize
                ? null : $"training.accumulate is {plan.Training.Accumulate}, expected 1 to {plan.Training.BatchSize}, the images of a batch",
            TrainingRanges.Problem("training.learning_rate", plan.Training.LearningRate, TrainingRanges.LearningRate),
            TrainingRanges.Problem("training.warmup_steps", plan.Training.WarmupSteps, TrainingRanges.WarmupSteps),
            TrainingRanges.Problem("training.weight_decay", plan.Training.WeightDecay, TrainingRanges.Share),
            TrainingRanges.Problem("training.beta1", plan.Training.Beta1, TrainingRanges.Beta),
            TrainingRanges.Problem("training.beta2", plan.Training.Beta2, TrainingRanges.Beta),
            TrainingRanges.Problem("training.dropout", plan.Training.Dropout, TrainingRanges.Dropout),
            TrainingRanges.Problem("training.class_dropout", plan.Training.ClassDropout, TrainingRanges.Dropout),
            TrainingRanges.Problem("training.ema_decay", plan.Training.EmaDecay, TrainingRanges.Share),
            TrainingRanges.Problem("training.checkpoint_every", plan.Training.CheckpointEvery, TrainingRanges.Steps),
        ];
        if (plan.Training.Epochs is not null || plan.Training.EpochImages is not null)
        {
            problems.AddRange(EpochProblems(plan.Training));
        }

        if (plan.Speed is { } speed)
        {
            problems.Add(TrainingRanges.Problem("speed.runs", speed.Runs, TrainingRanges.Images));
            problems.AddRange(speed.Batches.Select(batch => TrainingRanges.Problem("speed.batches", batch, TrainingRanges.BatchSize)));
        }

        if (plan.Swaps is { } swaps)
        {
            problems.Add(TrainingRanges.Problem("swaps.images", swaps.Images, TrainingRanges.Images));
        }

        return problems.OfType<string>();
    }

    private static IEnumerable<string?> EpochProblems(TrainingPlan training)
    {
        if (training.Epochs is not { } epochs || training.EpochImages is not { } images)
        {
            return ["training has only one of epochs and epoch_images; an epoch is a pass over epoch_images images, so give both"];
        }

        return
        [
            TrainingRanges.Problem("training.epochs", epochs, TrainingRanges.Steps),
            images >= training.BatchSize && images <= TrainingRanges.Steps.Most
                ? null : $"training.epoch_images is {images}, expected {training.BatchSize}, the images of a batch, to {TrainingRanges.Steps.Most}",
        ];
    }

    private static IEnumerable<string> TokenizerProblems(ExperimentPlan plan) =>
        plan.Tokenizer.Published is { } name && !PublishedTokenizers.Configs.ContainsKey(name)
            ? [$"tokenizer.published is '{name}', expected one of {string.Join(", ", PublishedTokenizers.Configs.Keys)}"]
            : plan.Tokenizer.Config().Problems(name => name == "encoder_multipliers" ? "tokenizer.multipliers" : $"tokenizer.{name}");

    /// <summary>Returns the problems of a plan with its tokenizer, which the plan trains or which already exists.</summary>
    public static IEnumerable<string> FitProblems(ExperimentPlan plan, TokenizerConfig tokenizer)
    {
        var range = NumberRange.Between(1, tokenizer.CodebookSize);
        string Fit(string name, int clusters) => $"{name} is {clusters}, expected {range}: the tokenizer has {tokenizer.CodebookSize} codewords";
        var ofModels = plan.Models.Where(model => model.Clusters > tokenizer.CodebookSize)
            .Select(model => Fit($"clusters of model '{model.Name}'", model.Clusters!.Value));
        var ofSwaps = plan.Swaps?.Clusters.Where(clusters => !range.Contains(clusters)).Select(clusters => Fit("swaps.clusters", clusters));
        return (tokenizer.SideProblem("image_size", plan.ImageSize) is { } side ? [side] : Array.Empty<string>()).Concat(ofModels).Concat(ofSwaps ?? []);
    }

    private static IEnumerable<string> SamplingProblems(ExperimentPlan plan) =>
        plan.Sampling.Coarse.Problems("sampling.coarse").Concat(plan.Sampling.Fine.Problems("sampling.fine"))
            .Concat(plan.Rows().SelectMany(row =>
                (row.Coarse?.Problems($"row '{row.Label}': coarse") ?? []).Concat(row.Fine?.Problems($"row '{row.Label}': fine") ?? [])));

    /// <summary>Rows, curves and measurements must refer to existing models, at steps that they reach.</summary>
    private static IEnumerable<string> UseProblems(ExperimentPlan plan)
    {
        var ofTables = plan.Tables.SelectMany(table => table.Rows
            .Select(row => new Reference($"table '{table.Title}', row '{row.Label}'", row.Model, row.AtStep ?? 1)));
        var ofCurve = plan.Curve?.Models.SelectMany(model => plan.Curve.Steps.DefaultIfEmpty(1).Select(step => new Reference("curve", model, step)));
        var ofSpeed = plan.Speed?.Models.Select(model => new Reference("speed", model, Step: 1));
        foreach (var (place, name, step) in ofTables.Concat(ofCurve ?? []).Concat(ofSpeed ?? []))
        {
            if (plan.Models.FirstOrDefault(model => model.Name == name) is not { } model)
            {
                yield return $"{place}: there is no model '{name}'; the models are {string.Join(", ", plan.Models.Select(known => known.Name))}";
            }
            else if (step < 1 || step > plan.StepsOf(model))
            {
                yield return $"{place}: model '{name}' is trained for {plan.StepsOf(model)} steps, not {step}";
            }
        }

        foreach (var row in plan.Rows().Where(row => row.DrawFrom == FineHead.Codebook && plan.Find(row.Model) is { IsPlain: true }))
        {
            yield return $"row '{row.Label}': '{row.Model}' is a plain model and has no fine stage to draw from";
        }
    }

    /// <summary>Models that differ only in the fine stage share a causal transformer, which has one number of steps.</summary>
    private static IEnumerable<string> SharedTrainingProblems(ExperimentPlan plan)
    {
        var groups = plan.Models.GroupBy(model => (model.Clusters, model.ClusterKind, model.Coarse ?? plan.Coarse));
        foreach (var group in groups.Where(group => group.Select(plan.StepsOf).Distinct().Count() > 1))
        {
            var names = string.Join(", ", group.Select(model => $"'{model.Name}'"));
            yield return $"models {names} share a causal transformer but have different steps; give them the same steps";
        }
    }

    /// <summary>A reference of a plan to a model after a number of training steps.</summary>
    private sealed record Reference(string Place, string Model, long Step);
}
