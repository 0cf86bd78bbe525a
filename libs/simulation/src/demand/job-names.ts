import { type Instant, type JobClass, shanghai } from '#libs/domain';
import type { RandomStream } from './random.js';

/** What sample jobs are about, by class; subjects are made up, in the words of the plans that the tenants come from. */
const subjects = {
  training: [
    '行业大模型',
    '遥感影像识别',
    '多模态对齐',
    '蛋白质结构预测',
    '显示面板缺陷检测',
    '航空货运时序预测',
    '语音识别',
    '气象临近预报',
  ],
  finetune: ['政务问答', '药物分子生成', '电商客服', '工业质检', '医学影像报告', '短视频文案', '代码助手', '法律文书'],
  inference: [
    '一网通办问答',
    '影像辅助诊断',
    '机坪视频识别',
    '跨境商品翻译',
    '产线质检',
    '文旅导览',
    '数据标注',
    '视频转码理解',
  ],
  interactive: ['深度学习实验课', '机器视觉实训', '毕业设计', '竞赛调试'],
  simulation: ['流体力学', '分子动力学', '洪水演进', '结构有限元', '配载优化', '电磁场', '材料第一性原理', '交通流'],
} as const satisfies Record<JobClass, readonly string[]>;

/** "遥感影像识别·训练 1123-14-02": subject, kind, and month and day, hour and number of its arrival, by which a person finds it. */
export function jobName(
  kind: string,
  jobClass: JobClass,
  arrival: { at: Instant; random: RandomStream; number: number },
): string {
  const subject = arrival.random.pick<string>(subjects[jobClass], () => 1);
  const { date, hour } = shanghai(arrival.at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${subject}·${kind} ${date.slice(5, 7)}${date.slice(8, 10)}-${two(hour)}-${two(arrival.number)}`;
}
