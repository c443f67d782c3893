#!/bin/bash
# Training on several nodes under SLURM. Not run by us.
#
#   sbatch docs/scaling/slurm.sh
#
# One task a node with all of its GPUs. SIGTERM comes two minutes before the time is up: the run
# stops in good order, and the next job goes on with it.
#SBATCH --job-name=kerasseg
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
set -u

export PORT=5000
HOSTS=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | paste -sd, -)
export HOSTS

# The number of the task within the step is that of its node in the list.
task='export TF_CONFIG=$(python -c "
import json, os
hosts = [host + chr(58) + os.environ[\"PORT\"] for host in os.environ[\"HOSTS\"].split(\",\")]
task = {\"type\": \"worker\", \"index\": int(os.environ[\"SLURM_PROCID\"])}
print(json.dumps({\"cluster\": {\"worker\": hosts}, \"task\": task}))")
exec python train.py --config configs/cityscapes.yaml run_dir=/shared/runs/cityscapes \
  data.root=/shared/cityscapes train.batch_size=16 train.distribute=multi_worker'

# A lost process leaves the others with status 3: all of them start again. What a user has to mend
# (2) and bugs (1) end the job.
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  srun --kill-on-bad-exit=0 bash -c "$task"
  status=$?
  case $status in
    3 | 137 | 143) echo "attempt $attempt ended with status $status; going on" ;;
    *) exit $status ;;
  esac
done
exit 3
