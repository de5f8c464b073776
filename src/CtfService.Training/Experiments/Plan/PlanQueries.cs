namespace CtfService.Training.Experiments.Plan;

/// <summary>Values derived from a plan.</summary>
internal static class PlanQueries
{
    /// <summary>Returns the model with a name; null if there is none.</summary>
    public static ModelPlan? Find(this ExperimentPlan plan, string name) => plan.Models.FirstOrDefault(model => model.Name == name);

    /// <summary>Returns the rows of all tables.</summary>
    public static IEnumerable<RowPlan> Rows(this ExperimentPlan plan) => plan.Tables.SelectMany(table => table.Rows);

    public static long StepsOf(this ExperimentPlan plan, ModelPlan model) => model.Steps ?? plan.Training.StepCount;

    /// <summary>Returns the steps before the last whose weights are needed, ascending.</summary>
    public static IReadOnlyList<long> SnapshotSteps(this ExperimentPlan plan, ModelPlan model)
    {
        var ofRows = plan.Rows().Where(row => row.Model == model.Name && row.AtStep is not null).Select(row => row.AtStep!.Value);
        var ofCurve = plan.Curve is { } curve && curve.Models.Contains(model.Name) ? curve.Steps : [];
        return [.. ofRows.Concat(ofCurve).Where(step => step < plan.StepsOf(model)).Distinct().Order()];
    }
}
