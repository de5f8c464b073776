using CtfService.Model.Transformer;
using CtfService.Training.Transformer;

namespace CtfService.Training.Experiments.Plan;

/// <summary>Finds everything in a plan that contradicts itself, before anything is trained.</summary>
internal static class PlanValidator
{
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

        foreach (var (field, value) in new[]
        {
            ("image_size", plan.ImageSize), ("images_per_class", plan.ImagesPerClass), ("training.steps", plan.Training.Steps),
            ("training.batch_size", plan.Training.BatchSize), ("training.checkpoint_every", plan.Training.CheckpointEvery),
            ("tokenizer.steps", plan.Tokenizer.Steps), ("classifier.steps", plan.Classifier.Steps),
        })
        {
            if (value < 1)
            {
                yield return $"{field} is {value}, expected at least 1";
            }
        }

        foreach (var problem in plan.Models.SelectMany(model => ModelProblems(plan, model)).Concat(UseProblems(plan)).Concat(SharedTrainingProblems(plan)))
        {
            yield return problem;
        }
    }

    private static IEnumerable<string> ModelProblems(ExperimentPlan plan, ModelPlan model)
    {
        if (model.Clusters is { } clusters and < 2)
        {
            yield return $"model '{model.Name}' has {clusters} clusters, expected at least 2; a plain model leaves clusters out";
        }

        if (model.IsPlain && (model.Fine is not null || model.ClusterKind != ClusterKind.Kmeans || model.FineHead != FineHead.Cluster))
        {
            yield return $"model '{model.Name}' has no clusters, so it is a plain model, but says how clusters or a fine stage are made; "
                + "give it clusters or take that out";
        }

        if (model.Seeds.Count == 0 || model.Seeds.Distinct().Count() < model.Seeds.Count)
        {
            yield return $"model '{model.Name}' needs seeds that differ, at least one";
        }

        foreach (var size in new[] { model.Coarse ?? plan.Coarse, model.Fine ?? plan.Fine }.Where(size => !IsPossible(size)).Distinct())
        {
            yield return $"model '{model.Name}' has width {size.Width} and {size.Heads} heads; the width must be a multiple of 4 times the heads";
        }
    }

    private static bool IsPossible(TransformerSize size) => size is { Width: > 0, Layers: > 0, Heads: > 0 } && size.Width % (4 * size.Heads) == 0;

    /// <summary>Rows, curves and measurements must speak of models that there are, at steps that they reach.</summary>
    private static IEnumerable<string> UseProblems(ExperimentPlan plan)
    {
        var ofTables = plan.Tables.SelectMany(table => table.Rows
            .Select(row => new Use($"table '{table.Title}', row '{row.Label}'", row.Model, row.AtStep ?? 1)));
        var ofCurve = plan.Curve?.Models.SelectMany(model => plan.Curve.Steps.DefaultIfEmpty(1).Select(step => new Use("curve", model, step)));
        var ofSpeed = plan.Speed?.Models.Select(model => new Use("speed", model, Step: 1));
        foreach (var (place, name, step) in ofTables.Concat(ofCurve ?? []).Concat(ofSpeed ?? []))
        {
            if (plan.Models.FirstOrDefault(model => model.Name == name) is not { } model)
            {
                yield return $"{place}: there is no model '{name}', only {string.Join(", ", plan.Models.Select(known => known.Name))}";
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

    /// <summary>Models that differ in their fine stage only share a causal transformer, which has one length.</summary>
    private static IEnumerable<string> SharedTrainingProblems(ExperimentPlan plan)
    {
        var groups = plan.Models.GroupBy(model => (model.Clusters, model.ClusterKind, model.Coarse ?? plan.Coarse));
        foreach (var group in groups.Where(group => group.Select(plan.StepsOf).Distinct().Count() > 1))
        {
            var names = string.Join(", ", group.Select(model => $"'{model.Name}'"));
            yield return $"models {names} share a causal transformer but ask for different steps; give them the same";
        }
    }

    /// <summary>Where a plan speaks of a model, and of how many training steps of it.</summary>
    private sealed record Use(string Place, string Model, long Step);
}
