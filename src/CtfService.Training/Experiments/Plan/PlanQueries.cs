namespace CtfService.Training.Experiments.Plan;

/// <summary>What follows from a plan.</summary>
internal static class PlanQueries
{
    /// <summary>Null where there is no model of that name.</summary>
    public static ModelPlan? Find(this ExperimentPlan plan, string name) => plan.Models.FirstOrDefault(model => model.Name == name);

    /// <summary>Of all tables.</summary>
    public static IEnumerable<RowPlan> Rows(this ExperimentPlan plan) => plan.Tables.SelectMany(table => table.Rows);

    public static long StepsOf(this ExperimentPlan plan, ModelPlan model) => model.Steps ?? plan.Training.Steps;

    /// <summary>Steps before the last whose weights are asked for, ascending.</summary>
    public static IReadOnlyList<long> SnapshotSteps(this ExperimentPlan plan, ModelPlan model)
    {
        var ofRows = plan.Rows().Where(row => row.Model == model.Name && row.AtStep is not null).Select(row => row.AtStep!.Value);
        var ofCurve = plan.Curve is { } curve && curve.Models.Contains(model.Name) ? curve.Steps : [];
        return [.. ofRows.Concat(ofCurve).Where(step => step < plan.StepsOf(model)).Distinct().Order()];
    }
}
